import type { RequestListener, Server } from 'node:http';
import { limitRequests, type RequestLimitOptions } from './request-limit.ts';
import { createServer, type HttpTimeouts } from './server.ts';

/** As much as a browser sends: a name or an address, and a port. */
const hostHeader = /^[\w.:[\]-]{1,255}$/;

/**
 * Answers plain HTTP at a port that serves HTTPS, as when a person leaves out `https://`. The redirect is temporary,
 * because browsers keep a permanent one even when the port serves plain HTTP later.
 *
 * @returns a server that does not listen
 */
export function createHttpsRedirect(limit: RequestLimitOptions, timeouts?: HttpTimeouts): Server {
  const server = createServer(undefined, limitRequests(redirect, limit), timeouts);
  limit.connections.track(server);
  return server;
}

const redirect: RequestListener = ({ headers: { host }, url }, response) => {
  response.setHeader('Connection', 'close');
  if (host === undefined || !hostHeader.test(host)) {
    response.writeHead(400).end('This port serves HTTPS.\n');
    return;
  }
  // A proxy's form of a request has a whole URL here (RFC 9112, section 3.2.2).
  const path = url?.startsWith('/') ? url : '/';
  response
    .writeHead(307, { Location: `https://${host}${path}`, 'Cache-Control': 'no-store' })
    .end('This port serves HTTPS.\n');
};
