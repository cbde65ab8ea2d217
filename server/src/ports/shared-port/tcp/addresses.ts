import { isIPv6 } from 'node:net';
import { ipBytes, isWildcard } from '../../../net/ip.ts';

/**
 * The addresses to bind so that one port serves all of the given ones. A wildcard replaces the other
 * addresses of its family. `::` is IPv6 only, as for the workers' UDP.
 *
 * @param ips - IPv4 and IPv6, repetitions allowed
 */
export function listenIps(ips: string[]): string[] {
  const kept: string[] = [];
  // Wildcards first: they cover the addresses that follow.
  for (const ip of ips.toSorted((a, b) => Number(isWildcard(b)) - Number(isWildcard(a)))) {
    if (coveringIp(ip, kept) === undefined) {
      kept.push(ip);
    }
  }
  return kept;
}

/**
 * The bound address that accepted a connection.
 *
 * @param ip - the connection's local address
 * @param ips - addresses and wildcards, in any spelling
 * @returns the entry of `ips` that equals `ip`, else the wildcard of its family, else undefined
 */
export function coveringIp(ip: string, ips: string[]): string | undefined {
  const bytes = ipBytes(ip);
  return (
    ips.find((other) => ipBytes(other).equals(bytes)) ??
    ips.find((other) => isWildcard(other) && isIPv6(other) === isIPv6(ip))
  );
}
