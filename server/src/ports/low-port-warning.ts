import { BlockList, isIP, isIPv6 } from 'node:net';
import type { ListenAddress } from '../config/announced-addresses.ts';

/** The networks that libwebrtc treats as private: RFC 1918, loopback, link-local, and those of IPv6. */
const privateNetworks = new BlockList();
for (const [network, prefix] of [
  ['10.0.0.0', 8],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
] as const) {
  privateNetworks.addSubnet(network, prefix);
}
for (const [network, prefix] of [
  ['::1', 128],
  ['fc00::', 7],
  ['fe80::', 10],
] as const) {
  privateNetworks.addSubnet(network, prefix, 'ipv6');
}

const webPorts: readonly number[] = [80, 443];

/**
 * Warns about ports that Chromium ignores: those below 1024, except 80 and 443 at a public address.
 * Measured: media flows at 203.0.113.1 port 443, but not at port 997, nor at 10.77.0.1 port 443.
 *
 * @param addresses - with the announced addresses
 * @param port - the announced port
 */
export function lowPortWarning(addresses: ListenAddress[], port: number): string | undefined {
  if (port >= 1024) {
    return undefined;
  }
  if (!webPorts.includes(port)) {
    return (
      `Chromium ignores candidates with port ${port}: below 1024 it accepts only 80 and 443. ` +
      'Set MEDIASOUP_PORT or MEDIASOUP_ANNOUNCED_PORT to one of these or to a port above 1023.'
    );
  }
  const unusable = addresses
    .flatMap(({ announced }) => announced)
    .filter((address) => isIP(address) && privateNetworks.check(address, familyOf(address)));
  if (unusable.length === 0) {
    return undefined;
  }
  return (
    `Chromium ignores candidates with port ${port} at a private address, such as ${unusable.join(', ')}: ` +
    'for peers that use it, set MEDIASOUP_PORT above 1023. MEDIASOUP_ANNOUNCED_ADDRESS sets a public address.'
  );
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIPv6(address) ? 'ipv6' : 'ipv4';
}
