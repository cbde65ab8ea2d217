import { createSocket } from 'node:dgram';
import { networkInterfaces } from 'node:os';
import type { types } from 'mediasoup';
import { assignAnnounced, type ListenAddress } from '../config/announced-addresses.ts';
import { ConfigError, StartError } from '../config/start-error.ts';
import type { MediaConfig } from '../config/types.ts';
import type { Logger } from '../telemetry/log.ts';
import { tryBind } from './bind-check.ts';

/**
 * The addresses to receive media on. The default is the address of the default route, because Firefox
 * never connects to a 127.0.0.1 candidate, and 127.0.0.1, which works after a network change too. Without a default
 * route, as in a LAN without a gateway, it is the first address that other machines can reach.
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

/**
 * Those of the addresses that this machine still has: a lease may end, or an interface go away.
 *
 * @param log - receives a warning for each address that is gone
 * @throws StartError when none is left
 */
export async function presentAddresses(
  addresses: ListenAddress[],
  log: Logger,
): Promise<ListenAddress[]> {
  const codes = await Promise.all(addresses.map(({ ip }) => tryBind('udp', ip, 0)));
  const gone = addresses.filter((_, i) => codes[i] === 'EADDRNOTAVAIL').map(({ ip }) => ip);
  if (gone.length > 0) {
    log.warn({ addresses: gone }, 'listening addresses are gone');
  }
  if (gone.length === addresses.length) {
    throw new StartError(
      `  This machine no longer has ${gone.join(', ')}. Restore the address, or restart the server with another ` +
        'MEDIASOUP_LISTEN_IP.',
    );
  }
  return addresses.filter(({ ip }) => !gone.includes(ip));
}

async function defaultIps(): Promise<string[]> {
  const ip =
    (await defaultRouteAddress('udp4', '192.0.2.1')) ??
    (await defaultRouteAddress('udp6', '2001:db8::1')) ??
    firstOutsideAddress('IPv4') ??
    firstOutsideAddress('IPv6');
  return ip ? [ip, '127.0.0.1'] : ['127.0.0.1'];
}

/**
 * The source address of packets to the internet. Connecting a UDP socket makes the kernel select a route
 * without sending anything (connect(2)).
 *
 * @param remote - an address that belongs to no host (RFC 5737, RFC 3849)
 */
async function defaultRouteAddress(
  type: 'udp4' | 'udp6',
  remote: string,
): Promise<string | undefined> {
  const socket = createSocket(type);
  try {
    return await new Promise<string | undefined>((resolve) => {
      socket.once('error', () => resolve(undefined));
      // @types/node declares no argument, but without a route there is an error.
      socket.connect(9, remote, (error?: Error) =>
        resolve(error ? undefined : unlessLinkLocal(socket.address().address)),
      );
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

function firstOutsideAddress(wanted: 'IPv4' | 'IPv6'): string | undefined {
  return Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter(({ family, internal }) => family === wanted && !internal)
    .map(({ address }) => unlessLinkLocal(address))
    .find((address) => address !== undefined);
}

/** A link-local IPv6 address needs a zone, which means something on this machine only (RFC 4007). */
function unlessLinkLocal(address: string): string | undefined {
  return /^fe[89ab]/i.test(address) ? undefined : address;
}
