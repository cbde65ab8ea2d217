import { createSocket } from 'node:dgram';
import { networkInterfaces } from 'node:os';
import { ConfigError, type MediaConfig } from '../config.ts';
import { tryBind } from './try-bind.ts';

/** An address to listen on, and what clients are told instead of it, if anything. */
export interface ListenAddress {
  ip: string;
  announcedAddress?: string;
}

/**
 * Where media is received. Without a setting that is the default route's address, because Firefox
 * never connects to a 127.0.0.1 candidate, and 127.0.0.1, which still works when the network changes.
 *
 * @param media - MEDIASOUP_LISTEN_IP and MEDIASOUP_ANNOUNCED_ADDRESS
 * @returns in order of preference, at least one
 * @throws ConfigError when MEDIASOUP_LISTEN_IP is not an address of this machine
 */
export async function resolveListenAddresses({
  listenIp,
  announcedAddress,
}: Pick<MediaConfig, 'listenIp' | 'announcedAddress'>): Promise<ListenAddress[]> {
  const announced = announcedAddress ? { announcedAddress } : {};
  if (listenIp) {
    await mustBeOurs(listenIp);
    return [{ ip: listenIp, ...announced }];
  }
  const ip = (await defaultRouteAddress()) ?? firstOutsideAddress();
  if (!ip) return [{ ip: '127.0.0.1', ...announced }];
  return [{ ip, ...announced }, { ip: '127.0.0.1' }];
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
  if (!code) return;
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
