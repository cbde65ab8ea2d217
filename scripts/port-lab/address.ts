import { constants } from './constants.ts';

export type Family = 'IPv4' | 'IPv6';

export const families: readonly Family[] = ['IPv4', 'IPv6'];

export const loopback: Record<Family, string> = { IPv4: '127.0.0.1', IPv6: '::1' };

export const wildcard: Record<Family, string> = { IPv4: '0.0.0.0', IPv6: '::' };

const last = { '::': 0, '::1': 1 } as const;

/**
 * A `struct sockaddr_in` or `sockaddr_in6`, by the address's look.
 *
 * @param address - IPv4 in four parts, `::` or `::1`.
 * @param port - 0 to 65535; 0 lets the kernel choose.
 */
export function socketAddress(address: string, port: number): Buffer {
  const isIPv6 = address.includes(':');
  const bytes = Buffer.alloc(isIPv6 ? 28 : 16);
  const family = isIPv6 ? constants.AF_INET6 : constants.AF_INET;

  if (constants.addressHasLength) {
    bytes.writeUInt8(bytes.length, 0);
    bytes.writeUInt8(family, 1);
  } else {
    bytes.writeUInt16LE(family, 0);
  }
  bytes.writeUInt16BE(port, 2);
  if (isIPv6) {
    bytes.writeUInt8(last[address as keyof typeof last], 23);
  } else {
    ipv4Bytes(address).copy(bytes, 4);
  }

  return bytes;
}

/** @param address - IPv4 in four parts. */
export function ipv4Bytes(address: string): Buffer {
  return Buffer.from(address.split('.').map(Number));
}
