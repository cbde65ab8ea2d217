import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Logger } from '../telemetry/log.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import { HandshakeLimit } from './handshake-limit.ts';

export type UpgradeHandler = (request: IncomingMessage, socket: Duplex, head: Buffer) => void;

export interface UpgradeOptions {
  /** Who takes WebSockets on which path. */
  handlers: Record<string, UpgradeHandler>;
  /** Origins besides our own whose pages may open WebSockets. */
  allowedOrigins: string[];
  /** MAX_HANDSHAKES_PER_SECOND. */
  handshakesPerSecond: number;
  /** Whose a request is. */
  remoteAddress(request: IncomingMessage): string | undefined;
  telemetry: Telemetry;
  log: Logger;
}

/**
 * The one listener for `upgrade`: hands each to whom its path belongs, and ends all others. (Two
 * libraries that both listen would both answer.)
 *
 * A page of another origin is refused: browsers let any page open a WebSocket to any server, and only
 * the server can tell (RFC 6455, section 10.2). Programs send no Origin, and may come in.
 *
 * @param server - HTTP or HTTPS
 * @param options - handlers by path
 */
export function routeUpgrades(
  server: Server,
  { handlers, allowedOrigins, handshakesPerSecond, remoteAddress, telemetry, log }: UpgradeOptions,
): void {
  const handshakes = new HandshakeLimit(handshakesPerSecond);
  server.on('upgrade', (request, socket, head) => {
    // Before a WebSocket library takes over, an error of the socket's is nobody's.
    socket.on('error', () => socket.destroy());
    const { origin, host, 'x-forwarded-for': forwarded } = request.headers;
    const address = remoteAddress(request);
    const handler = handlers[pathOf(request)];
    if (address === undefined) {
      socket.destroy();
    } else if (!handshakes.take(address)) {
      // No open socket with a close code, as other refusals have: one that is refused shall cost little.
      refuse(socket, '429 Too Many Requests', ['Retry-After: 10']);
      // A proxy that TRUST_PROXY doesn't name looks like one address that asks for all its peers.
      const untrustedProxy = forwarded !== undefined && request.socket.remoteAddress === address;
      telemetry.emit('limitHit', 'handshakes_per_second', {
        address,
        ...(untrustedProxy && { hint: 'a proxy? see TRUST_PROXY' }),
      });
    } else if (!handler) {
      refuse(socket, '404 Not Found');
    } else if (origin && !isAllowed(origin, host, allowedOrigins)) {
      log.warn({ origin, host }, 'WebSocket of another origin refused: see ALLOWED_ORIGINS');
      refuse(socket, '403 Forbidden');
    } else {
      handler(request, socket, head);
    }
  });
}

function pathOf(request: IncomingMessage): string {
  return (request.url ?? '').split('?', 1)[0] ?? '';
}

function isAllowed(origin: string, host: string | undefined, allowed: string[]): boolean {
  return allowed.includes(origin) || (URL.canParse(origin) && new URL(origin).host === host);
}

function refuse(socket: Duplex, status: string, headers: string[] = []): void {
  const lines = [`HTTP/1.1 ${status}`, 'Connection: close', 'Content-Length: 0', ...headers];
  // Not left to the other side, which may never close its half.
  socket.end(`${lines.join('\r\n')}\r\n\r\n`, () => socket.destroy());
}
