/** IP addresses as bytes and as text. */
import { isIP, isIPv4, isIPv6, SocketAddress } from 'node:net';

/**
 * The bytes of an address (RFC 4291, 2.2), without the zone.
 *
 * @param address - IPv4, or IPv6 in any spelling
 * @returns 4 or 16 bytes
 * @throws TypeError when it is neither
 */
export function ipBytes(address: string): Buffer {
  if (isIPv4(address)) {
    return Buffer.from(address.split('.').map(Number));
  }
  if (!isIPv6(address)) {
    throw new TypeError(`not an IP address: ${address}`);
  }
  // The URL parser normalizes every spelling to groups of hex digits with at most one `::`.
  const { hostname } = new URL(`http://[${address.replace(/%.*$/, '')}]`);
  const [head = '', tail] = hostname.slice(1, -1).split('::');
  const groups = (text: string) => text.split(':').filter(Boolean);
  const [before, after] = [groups(head), groups(tail ?? '')];
  const zeros = Array<string>(8 - before.length - after.length).fill('0');
  const bytes = Buffer.alloc(16);
  [...before, ...zeros, ...after].forEach((group, i) => {
    bytes.writeUInt16BE(Number.parseInt(group, 16), i * 2);
  });
  return bytes;
}

/**
 * The canonical text of an address (RFC 5952).
 *
 * @param bytes - 4 or 16
 */
export function ipText(bytes: Buffer): string {
  if (bytes.length === 4) {
    return bytes.join('.');
  }
  const groups = Array.from({ length: 8 }, (_, i) => bytes.readUInt16BE(i * 2).toString(16));
  return canonicalIp(groups.join(':'));
}

/** Spells an address as the kernel and mediasoup do (inet_ntop(3)), so that texts can be compared. */
export function canonicalIp(address: string): string {
  return isIPv6(address) ? new SocketAddress({ address, family: 'ipv6' }).address : address;
}

/** Whether an address stands for all addresses of its family: 0.0.0.0 or ::. */
export function isWildcard(text: string): boolean {
  return isIP(text) !== 0 && ipBytes(text).every((byte) => byte === 0);
}

/** Whether only this machine can reach an address. @param ip - IPv4, or IPv6 in canonical form */
export function isLoopback(ip: string): boolean {
  return ip === '::1' || ip.startsWith('127.');
}

/** An address at which this machine reaches what is bound to `ip`. @param ip - in canonical form */
export function localAddressOf(ip: string): string {
  return { '0.0.0.0': '127.0.0.1', '::': '::1' }[ip] ?? ip;
}

/** A host and a port as in a URL (RFC 3986, 3.2.2): `[2001:db8::7]:443`. */
export function hostAndPort(host: string, port: number): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

const mappedPrefix = Buffer.from('00000000000000000000ffff', 'hex');

/**
 * The network that a remote address counts as where limits apply: the IPv4 address itself, or the IPv6
 * /64, because a host with one address of a /64 usually has all of them (RFC 6177, section 2).
 *
 * @param address - in any spelling
 * @returns an opaque key
 */
export function networkKeyOf(address: string): string {
  const bytes = ipBytes(address);
  // IPv4-mapped (RFC 4291, 2.5.5.2): without this, all of IPv4 would be one /64.
  const isMapped = bytes.length === 16 && bytes.indexOf(mappedPrefix) === 0;
  return isMapped ? bytes.toString('hex', 12) : bytes.toString('hex', 0, 8);
}

/** How many shares of one address a network of many may take: a home usually has a /56, a site a /48 (RFC 6177). */
export const networkShares = { '/64': 1, '/56': 2, '/48': 4 };

/**
 * The networks that an address counts in.
 *
 * @param key - of `limitKeyOf`
 * @returns the key itself, and for IPv6 those of its /56 and /48, from the narrowest to the widest
 */
export function networksOf(key: string): { key: string; shares: number }[] {
  const { '/64': one, '/56': some, '/48': many } = networkShares;
  const narrow = { key, shares: one };
  return /^[0-9a-f]{16}$/.test(key)
    ? [narrow, { key: key.slice(0, 14), shares: some }, { key: key.slice(0, 12), shares: many }]
    : [narrow];
}

/**
 * @param address - may be any text, because proxies write it
 * @returns the key that limits count by: `networkKeyOf` an IP address, or the beginning of another text
 */
export function limitKeyOf(address: string): string {
  return isIP(address) === 0 ? address.slice(0, 64) : networkKeyOf(address);
}
