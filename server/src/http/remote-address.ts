/** Who is at the other end of a connection, as limits count it. */
import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import proxyAddress from 'proxy-addr';
import { networkKeyOf } from '../net/ip.ts';

/**
 * Who sends requests. X-Forwarded-For is anybody's to write: it counts from the right, and only as far as
 * those go who are trusted.
 *
 * @param trustedProxies - addresses and networks; none: headers are not looked at
 * @returns of a request, the address; undefined once its socket has gone
 */
export function remoteAddressOf(
  trustedProxies: string[],
): (request: IncomingMessage) => string | undefined {
  const trust = proxyAddress.compile(trustedProxies);
  return (request) =>
    request.socket.remoteAddress === undefined ? undefined : proxyAddress(request, trust);
}

/**
 * What an address counts as: IPv4 by itself, IPv6 by its /64.
 *
 * @param address - also what a proxy wrote that is no address: then it counts as it is, cut
 */
export function limitKeyOf(address: string): string {
  return isIP(address) === 0 ? address.slice(0, 64) : networkKeyOf(address);
}
