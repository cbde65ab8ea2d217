import type { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { hostname } from 'node:os';
import { hostNameIn } from '../net/origin.ts';

/**
 * Checks whether a Host header names this server, against DNS rebinding: for a browser, a page whose DNS name was
 * changed to our address has the same origin as the server; only the name in Host differs. An address, `localhost`
 * and this machine's own name can't be rebound. Behind a proxy, ALLOWED_ORIGINS has the page's name.
 *
 * @param allowedOrigins - in canonical form
 * @param certificate - the server's own, if browsers trust it: its names are accepted too
 */
export function knownHosts(
  allowedOrigins: string[],
  certificate: () => X509Certificate | undefined = () => undefined,
): (host: string | undefined) => boolean {
  const named = new Set(allowedOrigins.map((origin) => new URL(origin).hostname));
  const own = hostname().toLowerCase();
  return (host) => {
    const name = hostNameIn(host ?? '');
    return (
      name !== undefined &&
      (name === 'localhost' ||
        name.endsWith('.localhost') ||
        name === own ||
        name === `${own}.local` ||
        isIP(name.replace(/^\[(.*)\]$/, '$1')) !== 0 ||
        named.has(name) ||
        certificate()?.checkHost(name) !== undefined)
    );
  };
}
