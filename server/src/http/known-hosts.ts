import { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';

/**
 * Checks whether a Host header names this server, against DNS rebinding: for a browser, a page whose DNS name was
 * changed to our address has the same origin as the server; only the name in Host differs. An address and `localhost`
 * can't be rebound. Behind a proxy, ALLOWED_ORIGINS has the page's name.
 *
 * @param certificate - the server's own (PEM): its names are accepted too
 */
export function knownHosts(
  allowedOrigins: string[],
  certificate?: string,
): (host: string | undefined) => boolean {
  const named = new Set(allowedOrigins.map((origin) => new URL(origin).hostname));
  const x509 = certificate === undefined ? undefined : new X509Certificate(certificate);
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
      x509?.checkHost(name) !== undefined
    );
  };
}
