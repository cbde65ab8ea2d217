/** HTTP and HTTPS servers whose connections another part accepts. */
import {
  createServer as createHttpServer,
  type RequestListener,
  type Server,
  type ServerOptions,
} from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { Socket } from 'node:net';
import { Server as TlsServer } from 'node:tls';
import type { KeyPair } from './tls.ts';

/** Milliseconds. */
export interface HttpTimeouts {
  /** From the connection to the end of a TLS handshake. */
  handshake: number;
  /** From the connection, or the first byte of a further request, to the end of the headers. */
  headers: number;
  /** To the end of a request's body. */
  request: number;
  /** Without a byte in either direction. WebSocket libraries turn it off. */
  idle: number;
  /** Between two checks of `headers` and `request`. */
  checkEvery: number;
}

const defaultTimeouts: HttpTimeouts = {
  handshake: 10_000,
  headers: 10_000,
  request: 30_000,
  idle: 60_000,
  checkEvery: 1_000,
};

/** @returns a server that does not listen: HTTPS if there is a key pair */
export function createServer(
  keyPair: KeyPair | undefined,
  onRequest: RequestListener,
  { handshake, headers, request, idle, checkEvery }: HttpTimeouts = defaultTimeouts,
): Server {
  const options: ServerOptions = {
    headersTimeout: headers,
    requestTimeout: request,
    connectionsCheckingInterval: checkEvery,
  };
  const server = keyPair
    ? createHttpsServer({ ...keyPair, ...options, handshakeTimeout: handshake }, onRequest)
    : createHttpServer(options, onRequest);
  return server.setTimeout(idle);
}

/**
 * Prepares a server for connections that another part accepts.
 *
 * @param server - HTTP or HTTPS, not listening
 * @returns passes a connection to the server; nothing of it has been read, or it was put back
 */
export function acceptInto(server: Server): (socket: Socket) => void {
  // On this event only, Node starts to check headersTimeout and requestTimeout, and to track the connections that
  // closeAllConnections() closes (_http_server.js, setupConnectionsTracking).
  server.emit('listening');
  // As their own servers accept sockets: node:http with half-open connections, node:tls without.
  const allowHalfOpen = !(server instanceof TlsServer);
  return (socket) => {
    socket.allowHalfOpen = allowHalfOpen;
    server.emit('connection', socket);
  };
}
