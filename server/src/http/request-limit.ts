import type { IncomingMessage, RequestListener } from 'node:http';
import type { Socket } from 'node:net';
import type { Telemetry } from '../telemetry/telemetry.ts';
import type { AddressConnections } from './address-connections.ts';
import type { AddressRateLimit } from './address-rate-limit.ts';
import { limitFieldsOf } from './remote-address.ts';

export interface RequestLimitOptions {
  rate: AddressRateLimit;
  connections: AddressConnections;
  /** The client's address; undefined if the socket is closed. */
  remoteAddress(request: IncomingMessage): string | undefined;
  telemetry: Telemetry;
}

/**
 * Requests of one connection that may be in progress. A client that doesn't pipeline may send its next one before the
 * server knows that the last answer is written. Each may hold a file open.
 */
const maxInProgress = 2;

interface Connection {
  inProgress: number;
  /** The address that pays for what else the connection has sent. */
  rejected: string | undefined;
}

/**
 * Rejects requests of addresses that send too many (RFC 6585, section 4), and of connections that pipeline them (which
 * RFC 9112, section 9.3.2 lets a server decline), and closes the connection. Further requests may already have been
 * received on it, more than a thousand in 64 KiB: they get no answer, and the address pays for them. Once it owes, all its
 * connections are destroyed. A request with a body is rejected too (RFC 9110, section 15.5.14): no route reads one, and
 * parsing many short chunks costs CPU.
 *
 * @param onRequest - handles the other requests
 */
export function limitRequests(
  onRequest: RequestListener,
  { rate, connections: ofAddress, remoteAddress, telemetry }: RequestLimitOptions,
): RequestListener {
  const connections = new WeakMap<Socket, Connection>();
  const spend = (address: string) => {
    rate.spend(address);
    if (rate.owes(address)) {
      ofAddress.destroy(address);
    }
  };
  return (request, response) => {
    const connection = connections.get(request.socket) ?? { inProgress: 0, rejected: undefined };
    connections.set(request.socket, connection);
    if (connection.rejected !== undefined) {
      spend(connection.rejected);
      return;
    }
    const address = remoteAddress(request);
    if (address === undefined) {
      return;
    }
    if (hasBody(request)) {
      connection.rejected = address;
      spend(address);
      response.writeHead(413, { Connection: 'close', 'Content-Length': 0 }).end();
      return;
    }
    const pipelined = connection.inProgress >= maxInProgress;
    if (!pipelined && rate.take(address)) {
      connection.inProgress += 1;
      response.once('close', () => {
        connection.inProgress -= 1;
      });
      onRequest(request, response);
      return;
    }
    connection.rejected = address;
    if (!pipelined) {
      telemetry.emit('limitHit', 'requests_per_second', limitFieldsOf(request, address));
    }
    response.writeHead(429, { Connection: 'close', 'Retry-After': '1', 'Content-Length': 0 }).end();
  };
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}
