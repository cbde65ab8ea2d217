import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { Server as TlsServer } from 'node:tls';
import { limitKeyOf } from '../net/ip.ts';
import type { AddressRateLimit } from './address-rate-limit.ts';

export interface AddressConnectionsOptions {
  rate: AddressRateLimit;
  /** Whether the address is a proxy, whose connections are many clients'. */
  isTrustedProxy(address: string): boolean;
}

/**
 * The open HTTP connections of each address. Those of an address that owes tokens are destroyed: Node parses all that a
 * connection has received, before any limit of requests can see it.
 */
export class AddressConnections {
  readonly #options: AddressConnectionsOptions;
  readonly #sockets = new Map<string, Set<Socket>>();

  constructor(options: AddressConnectionsOptions) {
    this.#options = options;
  }

  /** Includes the connections that a server, HTTP or HTTPS, gets from now on. */
  track(server: Server): void {
    const event = server instanceof TlsServer ? 'secureConnection' : 'connection';
    (server as Server).on(event, (socket: Socket) => this.#add(socket));
  }

  /** The connection has become a WebSocket, which has limits of its own. */
  release(socket: Socket): void {
    const key = limitKeyOf(socket.remoteAddress ?? '');
    this.#delete(key, socket);
  }

  /** Destroys all connections of an address. */
  destroy(address: string): void {
    for (const socket of this.#sockets.get(limitKeyOf(address)) ?? []) {
      socket.destroy();
    }
  }

  #add(socket: Socket): void {
    const { remoteAddress } = socket;
    const { rate, isTrustedProxy } = this.#options;
    if (remoteAddress === undefined || isTrustedProxy(remoteAddress)) {
      return;
    }
    if (rate.owes(remoteAddress)) {
      socket.destroy();
      return;
    }
    const key = limitKeyOf(remoteAddress);
    const sockets = this.#sockets.get(key) ?? new Set();
    this.#sockets.set(key, sockets.add(socket));
    socket.once('close', () => this.#delete(key, socket));
  }

  #delete(key: string, socket: Socket): void {
    const sockets = this.#sockets.get(key);
    sockets?.delete(socket);
    if (sockets?.size === 0) {
      this.#sockets.delete(key);
    }
  }
}
