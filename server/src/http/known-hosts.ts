import type { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';

/**
 * Checks whether a Host header names this server, against DNS rebinding: for a browser, a page whose DNS name was
 * changed to our address has the same origin as the server; only the name in Host differs. An address and `localhost`
 * can't be rebound. Behind a proxy, ALLOWED_ORIGINS has the page's name.
 *
 * @param certificate - the server's own, if browsers trust it: its names are accepted too
 */
export function knownHosts(
  allowedOrigins: string[],
  certificate: () => X509Certificate | undefined = () => undefined,
): (host: string | undefined) => boolean {
  const named = new Set(allowedOrigins.map((origin) => new URL(origin).hostname));
  return (host) => {
    // Without this check, `evil.example@localhost` would count as localhost.
    if (!host || !/^[\w.:[\]-]+$/.test(host) || !URL.canParse(`http://${host}`)) {
      return false;
    }
    const name = new URL(`http://${host}`).hostname;
    return (
      name === 'localhost' ||
      name.endsWith('.localhost') ||
      isIP(name.replace(/^\[(.*)\]$/, '$1')) !== 0 ||
      named.has(name) ||
      certificate()?.checkHost(name) !== undefined
    );
  };
}
