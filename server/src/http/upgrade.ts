import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { portMapSocketPath } from '@oneport/protocol';
import { canonicalOrigin } from '../net/origin.ts';
import { pacedWarnings } from '../telemetry/limit-log.ts';
import type { Logger } from '../telemetry/log.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import { AddressRateLimit } from './address-rate-limit.ts';
import { limitFieldsOf } from './remote-address.ts';

type UpgradeHandler = (request: IncomingMessage, socket: Duplex, head: Buffer) => void;

export interface UpgradeOptions {
  /** By path. */
  handlers: Record<string, UpgradeHandler>;
  /** Origins whose pages may open WebSockets, besides the server's own, in canonical form. */
  allowedOrigins: string[];
  /** The origin of the server's own page; undefined without a valid Host. */
  ownOrigin(request: IncomingMessage): string | undefined;
  /** Whether a Host header names this server. */
  isKnownHost(host: string | undefined): boolean;
  handshakesPerSecond: number;
  /** The client's address; undefined if the socket is closed. */
  remoteAddress(request: IncomingMessage): string | undefined;
  telemetry: Telemetry;
  log: Logger;
}

/**
 * Adds the only `upgrade` listener, which passes each request to the handler of its path and rejects all others. Two
 * libraries that both listened would both answer.
 *
 * Other hosts are rejected, which stops DNS rebinding. Pages of other origins are rejected: browsers let any page open a WebSocket to any server, and leave the check to
 * the server (RFC 6455, section 10.2). Programs other than browsers send no Origin and are accepted.
 */
export function routeUpgrades(server: Server, options: UpgradeOptions): void {
  const { handlers, allowedOrigins, ownOrigin, isKnownHost, telemetry, log } = options;
  const { handshakesPerSecond, remoteAddress } = options;
  const handshakes = new AddressRateLimit(handshakesPerSecond);
  const warn = pacedWarnings(log);
  server.on('upgrade', (request, socket, head) => {
    // Until a WebSocket library takes over, no other part handles the socket's errors.
    socket.on('error', () => socket.destroy());
    const { origin, host } = request.headers;
    const address = remoteAddress(request);
    const handler = handlers[pathOf(request)];
    if (address === undefined) {
      socket.destroy();
    } else if (!handshakes.take(address)) {
      // Rejected by HTTP, not by a close code: opening the WebSocket first would cost more.
      reject(socket, '429 Too Many Requests', ['Retry-After: 10']);
      telemetry.emit('limitHit', 'handshakes_per_second', limitFieldsOf(request, address));
    } else if (!handler) {
      reject(socket, '404 Not Found');
    } else if (!isKnownHost(host) && pathOf(request) !== portMapSocketPath) {
      // The port map itself tells its page.
      warn('host', { host }, 'websocket rejected: unknown host, not in ALLOWED_ORIGINS');
      reject(socket, '403 Forbidden');
    } else if (origin && ![ownOrigin(request), ...allowedOrigins].includes(canonical(origin))) {
      warn('origin', { origin, host }, 'websocket rejected: origin not in ALLOWED_ORIGINS');
      reject(socket, '403 Forbidden');
    } else {
      handler(request, socket, head);
    }
  });
}

function pathOf(request: IncomingMessage): string {
  return (request.url ?? '').split('?', 1)[0] ?? '';
}

/** An origin that is none, such as `null`, equals no other. */
function canonical(origin: string): string {
  return canonicalOrigin(origin) ?? '';
}

function reject(socket: Duplex, status: string, headers: string[] = []): void {
  const lines = [`HTTP/1.1 ${status}`, 'Connection: close', 'Content-Length: 0', ...headers];
  // Destroyed, because the client may never close its half.
  socket.end(`${lines.join('\r\n')}\r\n\r\n`, () => socket.destroy());
}
