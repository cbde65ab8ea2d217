import { createSocket } from 'node:dgram';
import { networkInterfaces } from 'node:os';
import type { types } from 'mediasoup';
import { assignAnnounced, type ListenAddress } from '../config/announced-addresses.ts';
import { ConfigError } from '../config/start-error.ts';
import type { MediaConfig } from '../config/types.ts';
import { tryBind } from './bind-check.ts';

/**
 * Where media is received. Without a setting that is the default route's address, because Firefox
 * never connects to a 127.0.0.1 candidate, and 127.0.0.1, which still works when the network changes.
 *
 * @param media - MEDIASOUP_LISTEN_IP and MEDIASOUP_ANNOUNCED_ADDRESS, checked
 * @returns in order of preference, at least one
 * @throws ConfigError when one of MEDIASOUP_LISTEN_IP is not an address of this machine
 */
export async function resolveListenAddresses({
  listenIps,
  announcedAddresses,
}: Pick<MediaConfig, 'listenIps' | 'announcedAddresses'>): Promise<ListenAddress[]> {
  for (const ip of listenIps) {
    await mustBeOurs(ip);
  }
  const ips = listenIps.length > 0 ? listenIps : await defaultIps();
  return assignAnnounced(ips, announcedAddresses).addresses;
}

/**
 * What mediasoup is told of an address, apart from its protocol and port: the first of the announced
 * addresses, since it takes one (`TransportListenInfo`).
 *
 * @param address - where to listen
 */
export function listenInfoOf({
  ip,
  announced,
}: ListenAddress): Pick<types.TransportListenInfo, 'ip' | 'announcedAddress' | 'flags'> {
  // Else `::` would take IPv4 as well (ipv6(7), IPV6_V6ONLY), and 0.0.0.0 beside it would find its port in use.
  return { ip, announcedAddress: announced[0], flags: { ipv6Only: true } };
}

async function defaultIps(): Promise<string[]> {
  const ip = (await defaultRouteAddress()) ?? firstOutsideAddress();
  return ip ? [ip, '127.0.0.1'] : ['127.0.0.1'];
}

/**
 * The address that packets to the internet leave from. Connecting a UDP socket makes the kernel
 * choose a route and sends nothing (connect(2)); 192.0.2.1 is nobody's (RFC 5737).
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

async function mustBeOurs(ip: string): Promise<void> {
  const code = await tryBind('udp', ip, 0);
  if (!code) {
    return;
  }
  throw new ConfigError(
    `  MEDIASOUP_LISTEN_IP=${ip}: can't be listened on (${code}). It must be an address of this machine ` +
      '(`ip address` lists them); an address outside, of a NAT say, belongs in MEDIASOUP_ANNOUNCED_ADDRESS.',
  );
}

function firstOutsideAddress(): string | undefined {
  return Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .find(({ family, internal }) => family === 'IPv4' && !internal)?.address;
}
