import { isIPv6 } from 'node:net';
import { ipBytes } from '../../../net/ip-bytes.ts';

/**
 * Where to listen for all of these addresses with one port: a wildcard takes the place of its family's.
 * `::` is IPv6 only, as for the workers' UDP.
 *
 * @param ips - IPv4 and IPv6, repetitions allowed
 */
export function listenIps(ips: string[]): string[] {
  const kept: string[] = [];
  // Wildcards first: they cover what comes after them.
  for (const ip of ips.toSorted((a, b) => Number(isWildcard(b)) - Number(isWildcard(a)))) {
    if (coveringIp(ip, kept) === undefined) {
      kept.push(ip);
    }
  }
  return kept;
}

/**
 * Which of the addresses a connection came to.
 *
 * @param ip - the connection's local address
 * @param ips - addresses and wildcards, in any spelling
 * @returns the address itself as it stands in `ips`, else its family's wildcard, else undefined
 */
export function coveringIp(ip: string, ips: string[]): string | undefined {
  const bytes = ipBytes(ip);
  return (
    ips.find((other) => ipBytes(other).equals(bytes)) ??
    ips.find((other) => isWildcard(other) && isIPv6(other) === isIPv6(ip))
  );
}

/**
 * Whom a remote address stands for, where limits are kept: an IPv4 address, or an IPv6 network of /64,
 * since whoever has one address of it has all (RFC 6177, section 2).
 *
 * @param address - in any spelling
 */
export function remoteKeyOf(address: string): string {
  const bytes = ipBytes(address);
  // IPv4 that came to an IPv6 socket (RFC 4291, 2.5.5.2): else all of IPv4 would be one network.
  const isMapped = bytes.length === 16 && bytes.indexOf(mappedPrefix) === 0;
  return isMapped ? bytes.toString('hex', 12) : bytes.toString('hex', 0, 8);
}

const mappedPrefix = Buffer.from('00000000000000000000ffff', 'hex');

/** Whether it stands for all addresses of its family. */
export function isWildcard(ip: string): boolean {
  return ipBytes(ip).every((byte) => byte === 0);
}
