import type { IncomingMessage } from 'node:http';
import type { TLSSocket } from 'node:tls';
import type { TrustedProxies } from '../config/schemas.ts';
import { canonicalOrigin } from '../net/origin.ts';
import { trustedProxyTest } from './remote-address.ts';

/**
 * The origin of this server's own pages, as the browser that sent a request sees it. The scheme counts: a page over plain
 * HTTP can be changed on the way. Behind a trusted proxy it is that of X-Forwarded-Proto.
 *
 * @returns a function from a request to its origin; undefined without a valid Host
 */
export function ownOriginOf(
  trustedProxies: TrustedProxies,
): (request: IncomingMessage) => string | undefined {
  const isTrustedProxy = trustedProxyTest(trustedProxies);
  return ({ socket, headers }) => {
    const forwarded = isTrustedProxy(socket.remoteAddress ?? '')
      ? String(headers['x-forwarded-proto'] ?? '')
      : '';
    const secure = (socket as Partial<TLSSocket>).encrypted === true;
    const scheme = /^https?$/i.test(forwarded) ? forwarded : secure ? 'https' : 'http';
    return canonicalOrigin(`${scheme}://${headers.host ?? ''}`);
  };
}
