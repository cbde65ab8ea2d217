import { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';

/**
 * Tells whether a Host header names this server. A page of somebody's whose DNS name has been pointed here
 * (DNS rebinding) is of the same origin as we, for a browser; what gives it away is the name. An address or
 * `localhost` can't be pointed elsewhere, and behind a proxy ALLOWED_ORIGINS says how the page is called.
 *
 * @param allowedOrigins - ALLOWED_ORIGINS
 * @param certificate - the server's own (PEM): its names are known too
 */
export function knownHosts(
  allowedOrigins: string[],
  certificate?: string,
): (host: string | undefined) => boolean {
  const named = new Set(allowedOrigins.map((origin) => new URL(origin).hostname));
  const x509 = certificate === undefined ? undefined : new X509Certificate(certificate);
  return (host) => {
    // Else `evil.example@localhost` would be localhost.
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
