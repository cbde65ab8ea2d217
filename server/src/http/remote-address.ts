/** The address of a client. */
import type { IncomingMessage } from 'node:http';
import proxyAddress from 'proxy-addr';

/**
 * Any client can send X-Forwarded-For, so its addresses count from the right, and only as long as the previous one is a
 * trusted proxy.
 *
 * @param trustedProxies - addresses and networks; without them the header is ignored
 * @returns a function from a request to the client's address; undefined once its socket is closed
 */
export function remoteAddressOf(
  trustedProxies: string[],
): (request: IncomingMessage) => string | undefined {
  const trust = proxyAddress.compile(trustedProxies);
  return (request) =>
    request.socket.remoteAddress === undefined ? undefined : proxyAddress(request, trust);
}

/** @returns tells whether connections from an address are those of a trusted proxy */
export function trustedProxyTest(trustedProxies: string[]): (address: string) => boolean {
  const trust = proxyAddress.compile(trustedProxies);
  return (address) => trust(address, 0);
}

/** @returns what the log says about a request that was refused by a limit per address */
export function limitFieldsOf(
  request: IncomingMessage,
  address: string,
): { address: string; hint?: string } {
  const forwarded = request.headers['x-forwarded-for'];
  // All clients of a proxy that TRUST_PROXY does not name have the proxy's address.
  const untrustedProxy = forwarded !== undefined && request.socket.remoteAddress === address;
  return { address, ...(untrustedProxy && { hint: 'behind a proxy, set TRUST_PROXY' }) };
}
