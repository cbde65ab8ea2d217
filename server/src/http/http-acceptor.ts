import type { Server } from 'node:http';
import { createServer as createTcpServer, type Socket } from 'node:net';
import { Server as TlsServer } from 'node:tls';
import { limitKeyOf } from '../net/ip.ts';
import { Quota } from '../net/quota.ts';
import { readFirstBytes } from '../ports/shared-port/tcp/first-bytes.ts';
import type { AcceptHttp } from '../ports/types.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import type { AddressConnections } from './address-connections.ts';
import type { AddressRateLimit } from './address-rate-limit.ts';
import { type ListenOptions, listen } from './listen.ts';
import { acceptInto } from './server.ts';
import { TlsOverhead } from './tls-overhead.ts';

export interface HttpAcceptorOptions {
  /** HTTP or HTTPS, not listening. */
  server: Server;
  /** Answers plain HTTP where `server` speaks HTTPS; not listening. */
  redirect: Server | undefined;
  /** Open connections, WebSockets included. */
  limits: { connections: number; connectionsPerAddress: number };
  /** Connections that an address may open, which it shares with its requests: a TLS handshake costs more than one. */
  rate: AddressRateLimit;
  /** Those of `server`. */
  connections: AddressConnections;
  /** Whether the address is a proxy, whose connections are many clients'. */
  isTrustedProxy(address: string): boolean;
  /** Milliseconds in which a client must send the first byte, which tells HTTP from TLS. */
  firstByteMs?: number;
  telemetry: Telemetry;
}

/**
 * Accepts the connections of the HTTP server, at a port of its own or from the media port's TCP demultiplexer, and
 * resets those that are over a limit.
 */
export class HttpAcceptor {
  readonly #options: HttpAcceptorOptions;
  readonly #quota: Quota;
  readonly #toServer: (socket: Socket) => void;
  readonly #toRedirect: ((socket: Socket) => void) | undefined;
  readonly #tlsOverhead: TlsOverhead | undefined;
  readonly #tcp = createTcpServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    void this.#acceptHere(socket);
  });

  constructor(options: HttpAcceptorOptions) {
    const { server, redirect, limits } = options;
    this.#options = options;
    this.#quota = new Quota({
      total: limits.connections,
      address: limits.connectionsPerAddress,
    });
    this.#toServer = acceptInto(server);
    this.#toRedirect = redirect && acceptInto(redirect);
    if (server instanceof TlsServer) {
      this.#tlsOverhead = new TlsOverhead(server, options);
    }
  }

  /**
   * Listens at a port of its own.
   *
   * @throws ConfigError when the port is taken or not permitted, or the address is not of this machine
   */
  async listen(options: ListenOptions): Promise<void> {
    await listen(this.#tcp, options);
    // accept(2) may fail later, for lack of memory for example. Without a listener, that would end the process.
    this.#tcp.removeAllListeners('error').on('error', ignore);
  }

  /** Takes a connection of the TCP demultiplexer. */
  readonly accept: AcceptHttp = (socket, kind) => {
    if (this.#admit(socket)) {
      this.#pass(socket, kind);
    }
  };

  /** Accepts no more connections; open ones stay. */
  stopListening(): void {
    this.#tcp.close();
    this.#options.server.close();
    this.#options.redirect?.close();
  }

  /** Closes all connections but WebSockets. */
  closeConnections(): void {
    this.#options.server.closeAllConnections();
    this.#options.redirect?.closeAllConnections();
    this.#tlsOverhead?.close();
  }

  async #acceptHere(socket: Socket): Promise<void> {
    if (!this.#admit(socket)) {
      return;
    }
    if (!this.#toRedirect) {
      this.#pass(socket, 'http');
      return;
    }
    // 'close' follows. Without a listener, the error would be uncaught.
    socket.on('error', ignore);
    const never = new AbortController().signal;
    const { kind } = await readFirstBytes(socket, this.#options.firstByteMs ?? 5_000, never);
    if (kind === 'http' || kind === 'tls') {
      socket.off('error', ignore);
      this.#pass(socket, kind);
    } else {
      socket.destroy();
    }
  }

  #pass(socket: Socket, kind: 'http' | 'tls'): void {
    const to = kind === 'http' ? this.#toRedirect : undefined;
    if (!to) {
      this.#tlsOverhead?.add(socket);
    }
    (to ?? this.#toServer)(socket);
  }

  /** Counts the connection, or resets it when it is over a limit. */
  #admit(socket: Socket): boolean {
    const { rate, isTrustedProxy, telemetry } = this.#options;
    const { remoteAddress } = socket;
    if (remoteAddress === undefined) {
      socket.destroy();
      return false;
    }
    const isProxy = isTrustedProxy(remoteAddress);
    if (!isProxy && !rate.take(remoteAddress)) {
      telemetry.emit('limitHit', 'requests_per_second', { address: remoteAddress });
      socket.resetAndDestroy();
      return false;
    }
    const release = this.#quota.acquire(isProxy ? {} : { address: limitKeyOf(remoteAddress) });
    if (typeof release === 'string') {
      const limit = release === 'address' ? 'http_connections_per_address' : 'http_connections';
      telemetry.emit('limitHit', limit, { address: remoteAddress });
      socket.resetAndDestroy();
      return false;
    }
    socket.once('close', release);
    return true;
  }
}

function ignore(): void {}
