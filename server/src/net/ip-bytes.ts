import { isIPv4, isIPv6, SocketAddress } from 'node:net';

/**
 * The bytes of an address (RFC 4291, 2.2; a zone is left out).
 *
 * @param address - IPv4, or IPv6 in any of its spellings
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
  // The URL parser writes each spelling in one way: groups of hex digits, `::` at most once.
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
 * An address as people write it (RFC 5952).
 *
 * @param bytes - 4 or 16
 */
export function ipText(bytes: Buffer): string {
  if (bytes.length === 4) {
    return bytes.join('.');
  }
  const groups = Array.from({ length: 8 }, (_, i) => bytes.readUInt16BE(i * 2).toString(16));
  return new SocketAddress({ address: groups.join(':'), family: 'ipv6' }).address;
}
