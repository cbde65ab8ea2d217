/** The address of a client, and how limits count it. */
import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import proxyAddress from 'proxy-addr';
import { networkKeyOf } from '../net/ip.ts';

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

/**
 * @param address - may be any text, because proxies write it
 * @returns the key that limits count by: an IPv4 address, an IPv6 /64, or the beginning of another text
 */
export function limitKeyOf(address: string): string {
  return isIP(address) === 0 ? address.slice(0, 64) : networkKeyOf(address);
}
