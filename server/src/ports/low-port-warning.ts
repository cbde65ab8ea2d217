import { BlockList, isIP, isIPv6 } from 'node:net';
import type { ListenAddress } from '../config/announced-addresses.ts';

/** What libwebrtc calls private: RFC 1918, loopback, link-local, and their like in IPv6. */
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
 * Chromium drops candidates with a port below 1024, but for 80 and 443 at a public address. Measured: no media
 * at 203.0.113.1 port 997, nor at 10.77.0.1 port 443; at 203.0.113.1 port 443 there is.
 *
 * @param addresses - with what peers are told
 * @param port - the port that peers are told
 * @returns a warning, or undefined where all is well
 */
export function lowPortWarning(addresses: ListenAddress[], port: number): string | undefined {
  if (port >= 1024) {
    return undefined;
  }
  if (!webPorts.includes(port)) {
    return (
      `Chromium takes no candidate with port ${port}: below 1024 only 80 and 443. ` +
      'Choose one of these or one above 1023 for MEDIASOUP_PORT or MEDIASOUP_ANNOUNCED_PORT.'
    );
  }
  const unusable = addresses
    .flatMap(({ announced }) => announced)
    .filter((told) => isIP(told) && privateNetworks.check(told, isIPv6(told) ? 'ipv6' : 'ipv4'));
  if (unusable.length === 0) {
    return undefined;
  }
  return (
    `Chromium takes no candidate with port ${port} at a private address, such as ${unusable.join(', ')}: ` +
    'peers that reach this machine by it need MEDIASOUP_PORT above 1023. A public one is set by MEDIASOUP_ANNOUNCED_ADDRESS.'
  );
}
