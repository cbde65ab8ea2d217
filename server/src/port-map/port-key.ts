import { isIPv6 } from 'node:net';

/** What a port is called in rows, such as `udp 44444`: unique, whatever the number of addresses and workers. */
export function portKey({ protocol, port }: { protocol: string; port: number }): string {
  return `${protocol} ${port}`;
}

/** As in URLs, such as `[2001:db8::7]:443`. */
export function addressAndPort(address: string, port: number): string {
  return `${isIPv6(address) ? `[${address}]` : address}:${port}`;
}
