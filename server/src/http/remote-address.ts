/** The address of a client. */
import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import proxyAddress from 'proxy-addr';
import type { TrustedProxies } from '../config/schemas.ts';

/**
 * Any client can send X-Forwarded-For, so its addresses count from the right, and only as long as the previous one is a
 * trusted proxy. Some proxies write a port as well: `203.0.113.7:1234`, `[2001:db8::7]:1234`.
 *
 * @param trustedProxies - without them the header is ignored
 * @returns a function from a request to the client's address; undefined once its socket is closed. Text that is no
 *   address counts as the proxy that wrote it
 */
export function remoteAddressOf(
  trustedProxies: TrustedProxies,
): (request: IncomingMessage) => string | undefined {
  const trust = compileTrust(trustedProxies);
  return (request) =>
    request.socket.remoteAddress === undefined
      ? undefined
      : proxyAddress
          .all(request, (address, i) => trust(withoutPort(address), i))
          .map(withoutPort)
          .findLast((address) => isIP(address) !== 0);
}

/** @returns tells whether connections from an address are those of a trusted proxy */
export function trustedProxyTest(trustedProxies: TrustedProxies): (address: string) => boolean {
  const trust = compileTrust(trustedProxies);
  return (address) => trust(address, 0);
}

function compileTrust(trustedProxies: TrustedProxies): (address: string, i: number) => boolean {
  return typeof trustedProxies === 'number'
    ? (_, i) => i < trustedProxies
    : proxyAddress.compile(trustedProxies);
}

function withoutPort(text: string): string {
  const [, v4, v6] = /^(?:([\d.]+)(?::\d+)?|\[([^\]]+)\](?::\d+)?)$/.exec(text) ?? [];
  return v4 ?? v6 ?? text;
}

/** @returns what the log says about a request that was rejected by a limit per address */
export function limitFieldsOf(
  request: IncomingMessage,
  address: string,
): { address: string; hint?: string } {
  const forwarded = request.headers['x-forwarded-for'];
  // All clients of a proxy that TRUST_PROXY does not name have the proxy's address.
  const untrustedProxy = forwarded !== undefined && request.socket.remoteAddress === address;
  return { address, ...(untrustedProxy && { hint: 'behind a proxy, set TRUST_PROXY' }) };
}
