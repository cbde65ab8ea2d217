import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Logger } from '../log.ts';

export type UpgradeHandler = (request: IncomingMessage, socket: Duplex, head: Buffer) => void;

export interface UpgradeOptions {
  /** Who takes WebSockets on which path. */
  handlers: Record<string, UpgradeHandler>;
  /** Origins besides our own whose pages may open WebSockets. */
  allowedOrigins: string[];
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
  { handlers, allowedOrigins, log }: UpgradeOptions,
): void {
  server.on('upgrade', (request, socket, head) => {
    // Before a WebSocket library takes over, an error of the socket's is nobody's.
    socket.on('error', () => socket.destroy());
    const { origin, host } = request.headers;
    const handler = handlers[pathOf(request)];
    if (!handler) {
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

function refuse(socket: Duplex, status: string): void {
  // Not left to the other side, which may never close its half.
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`, () =>
    socket.destroy(),
  );
}
