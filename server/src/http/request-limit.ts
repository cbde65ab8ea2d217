import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { RequestHandler } from 'express';
import type { Telemetry } from '../telemetry/telemetry.ts';
import type { AddressRateLimit } from './address-rate-limit.ts';
import { limitFieldsOf } from './remote-address.ts';

export interface RequestLimitOptions {
  rate: AddressRateLimit;
  /** The client's address; undefined if the socket is closed. */
  remoteAddress(request: IncomingMessage): string | undefined;
  telemetry: Telemetry;
}

/**
 * Requests of one connection that may be in progress. A client that doesn't pipeline may send its next one before the
 * server knows that the last answer is written. Each may hold a file open.
 */
const maxInProgress = 2;

/**
 * Refuses requests of addresses that send too many (RFC 6585, section 4), and of connections that pipeline them (which
 * RFC 9112, section 9.3.2 lets a server decline), and closes the connection.
 */
export function limitRequests({
  rate,
  remoteAddress,
  telemetry,
}: RequestLimitOptions): RequestHandler {
  const inProgress = new WeakMap<Socket, number>();
  return (request, response, next) => {
    const { socket } = request;
    const address = remoteAddress(request);
    const requests = (inProgress.get(socket) ?? 0) + 1;
    if (address === undefined || (requests <= maxInProgress && rate.take(address))) {
      inProgress.set(socket, requests);
      response.once('close', () => inProgress.set(socket, (inProgress.get(socket) ?? 1) - 1));
      next();
      return;
    }
    if (requests <= maxInProgress) {
      telemetry.emit('limitHit', 'requests_per_second', limitFieldsOf(request, address));
    }
    // Further requests may be waiting on the connection, and each would cost as much as this one.
    response.set({ Connection: 'close', 'Retry-After': '1' });
    response.status(429).json({ error: 'too many requests' });
  };
}
