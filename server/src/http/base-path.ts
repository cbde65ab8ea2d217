import type { IncomingMessage, Server } from 'node:http';

/**
 * Serves everything below a path as well, so that a proxy may pass the path on or remove it, and programs on this
 * machine, such as health checks, need not know it.
 *
 * @param basePath - with a slash at both ends
 */
export function serveBelow(server: Server, basePath: string): void {
  if (basePath === '/') {
    return;
  }
  const [, bare = ''] = /^(.*)\/$/.exec(basePath) ?? [];
  const removePath = (request: IncomingMessage) => {
    const url = request.url ?? '';
    if (url.startsWith(basePath)) {
      request.url = url.slice(bare.length);
    } else if (url === bare || url.startsWith(`${bare}?`)) {
      request.url = `/${url.slice(bare.length)}`;
    }
  };
  // Before all others, which see the path only where it is not ours.
  server.prependListener('request', removePath);
  server.prependListener('upgrade', removePath);
}
