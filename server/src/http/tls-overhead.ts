import type { Socket } from 'node:net';
import type { TLSSocket, Server as TlsServer } from 'node:tls';
import type { Telemetry } from '../telemetry/telemetry.ts';
import type { AddressConnections } from './address-connections.ts';
import type { AddressRateLimit } from './address-rate-limit.ts';

/** Milliseconds. A check of ten thousand connections takes a few. */
const checkEveryMs = 500;
/** Requests that a check counts for a connection. The rest waits for the next one, so that a flood can't block this one. */
const mostPerCheck = 5_000;

/** Bytes of a connection for its handshake. With post-quantum key shares a browser sends 2,000. */
const handshakeBytes = 8 * 1024;

/** Bytes that cost about as much CPU as a request: twenty records of TLS 1.3 without content (RFC 8446, section 5.2). */
const bytesPerRequest = 512;

export interface TlsOverheadOptions {
  rate: AddressRateLimit;
  connections: AddressConnections;
  /** Whether the address is a proxy, whose connections are many clients'. */
  isTrustedProxy(address: string): boolean;
  telemetry: Telemetry;
}

interface Connection {
  readonly tcp: Socket;
  readonly address: string;
  tls: TLSSocket | undefined;
  /** Bytes that the address has paid for. */
  paid: number;
}

/**
 * Lets addresses pay for TLS records that carry little or nothing: key updates (RFC 8446, section 4.6.3), of which Node
 * tells no one, and tiny ones. The bytes that a connection has sent beyond its handshake and its content count as
 * requests. Those of a browser have a few bytes more than their content.
 */
export class TlsOverhead {
  readonly #options: TlsOverheadOptions;
  readonly #connections = new Map<string, Connection>();
  readonly #timer = setInterval(() => this.#check(), checkEveryMs).unref();

  /** @param server - gets the connections that `add` is told of */
  constructor(server: TlsServer, options: TlsOverheadOptions) {
    this.#options = options;
    server.on('secureConnection', (tls) => {
      const connection = this.#connections.get(keyOf(tls));
      if (connection) {
        connection.tls = tls;
      }
    });
  }

  /** @param tcp - a client's connection, before the server gets it */
  add(tcp: Socket): void {
    const { remoteAddress } = tcp;
    if (remoteAddress === undefined || this.#options.isTrustedProxy(remoteAddress)) {
      return;
    }
    const key = keyOf(tcp);
    this.#connections.set(key, { tcp, address: remoteAddress, tls: undefined, paid: 0 });
    tcp.once('close', () => this.#connections.delete(key));
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #check(): void {
    const { rate, connections, telemetry } = this.#options;
    for (const connection of this.#connections.values()) {
      const { tcp, address, tls, paid } = connection;
      if (tcp.destroyed) {
        continue;
      }
      const content = tls?.bytesRead ?? 0;
      // A record adds 22 bytes or more to its content, and the shortest messages have about as many.
      const overhead = tcp.bytesRead - content - content / 2 - handshakeBytes;
      const requests = Math.min(Math.floor((overhead - paid) / bytesPerRequest), mostPerCheck);
      if (requests <= 0) {
        continue;
      }
      connection.paid += requests * bytesPerRequest;
      for (let n = 0; n < requests; n++) {
        rate.spend(address);
      }
      if (rate.owes(address)) {
        telemetry.emit('limitHit', 'requests_per_second', { address });
        tcp.destroy();
        connections.destroy(address);
      }
    }
  }
}

function keyOf({ localAddress, localPort, remoteAddress, remotePort }: Socket): string {
  return [localAddress, localPort, remoteAddress, remotePort].join();
}
