import { createSocket } from 'node:dgram';
import { networkInterfaces } from 'node:os';
import type { types } from 'mediasoup';
import { assignAnnounced, type ListenAddress } from '../config/announced-addresses.ts';
import { ConfigError } from '../config/start-error.ts';
import type { MediaConfig } from '../config/types.ts';
import { tryBind } from './bind-check.ts';

/**
 * The addresses to receive media on. The default is the address of the default route, because Firefox
 * never connects to a 127.0.0.1 candidate, and 127.0.0.1, which works after a network change too.
 *
 * @param media - MEDIASOUP_LISTEN_IP and MEDIASOUP_ANNOUNCED_ADDRESS, checked
 * @returns in order of preference, at least one
 * @throws ConfigError when an address of MEDIASOUP_LISTEN_IP is not of this machine
 */
export async function resolveListenAddresses({
  listenIps,
  announcedAddresses,
}: Pick<MediaConfig, 'listenIps' | 'announcedAddresses'>): Promise<ListenAddress[]> {
  for (const ip of listenIps) {
    await requireLocal(ip);
  }
  const ips = listenIps.length > 0 ? listenIps : await defaultIps();
  return assignAnnounced(ips, announcedAddresses).addresses;
}

/**
 * The part of mediasoup's `TransportListenInfo` that an address decides. mediasoup takes only one
 * announced address: the first.
 */
export function listenInfoOf({
  ip,
  announced,
}: ListenAddress): Pick<types.TransportListenInfo, 'ip' | 'announcedAddress' | 'flags'> {
  // Without ipv6Only, `::` would also bind IPv4 (ipv6(7), IPV6_V6ONLY), and 0.0.0.0 would find its port in use.
  return { ip, announcedAddress: announced[0], flags: { ipv6Only: true } };
}

async function defaultIps(): Promise<string[]> {
  const ip = (await defaultRouteAddress()) ?? firstOutsideAddress();
  return ip ? [ip, '127.0.0.1'] : ['127.0.0.1'];
}

/**
 * The source address of packets to the internet. Connecting a UDP socket makes the kernel select a route
 * without sending anything (connect(2)). 192.0.2.1 belongs to no host (RFC 5737).
 */
async function defaultRouteAddress(): Promise<string | undefined> {
  const socket = createSocket('udp4');
  try {
    return await new Promise<string | undefined>((resolve) => {
      socket.once('error', () => resolve(undefined));
      socket.connect(9, '192.0.2.1', () => resolve(socket.address().address));
    });
  } finally {
    socket.close();
  }
}

async function requireLocal(ip: string): Promise<void> {
  const code = await tryBind('udp', ip, 0);
  if (!code) {
    return;
  }
  throw new ConfigError(
    `  MEDIASOUP_LISTEN_IP=${ip}: cannot listen on it (${code}). It must be an address of this machine ` +
      '(`ip address` lists them). The outside address of a NAT belongs in MEDIASOUP_ANNOUNCED_ADDRESS.',
  );
}

function firstOutsideAddress(): string | undefined {
  return Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .find(({ family, internal }) => family === 'IPv4' && !internal)?.address;
}
