/** Origins and hosts in one spelling each, so that texts can be compared. */

/** Names, punycode included, and addresses. The URL parser also accepts wildcards, which match no request. */
const host = /^([\w-]+(\.[\w-]+)*|\[[\da-f:.]+\])$/;

/**
 * Spells an origin as browsers do (RFC 6454, section 6.2): lower case, punycode, no default port, no dot at the end.
 *
 * @param text - `https://Call.Example:443`
 * @returns `https://call.example`; undefined if it is no origin of HTTP or HTTPS
 */
export function canonicalOrigin(text: string): string | undefined {
  if (!/^https?:\/\/[^/?#@\\\s]+\/?$/i.test(text) || !URL.canParse(text)) {
    return undefined;
  }
  const { protocol, hostname, port } = new URL(text);
  const name = hostname.replace(/\.$/, '');
  return host.test(name) ? `${protocol}//${name}${port && `:${port}`}` : undefined;
}

/**
 * @param header - a Host header (RFC 9110, section 7.2)
 * @returns its name or address in the spelling of `canonicalOrigin`, without the port
 */
export function hostNameIn(header: string): string | undefined {
  const origin = canonicalOrigin(`http://${header}`);
  return origin === undefined ? undefined : new URL(origin).hostname;
}
