/** MEDIASOUP_LISTEN_IP and MEDIASOUP_ANNOUNCED_ADDRESS: lists of addresses, and what belongs to what. */
import { isIP, isIPv6, SocketAddress } from 'node:net';
import { z } from 'zod';

/** An address to listen on, and what peers are told: itself, where nothing else is announced. */
export interface ListenAddress {
  ip: string;
  /** In order of preference. */
  announced: [string, ...string[]];
}

/** Each makes two candidates a transport, and every candidate is in every media section of a browser's SDP. */
const maxAddresses = 8;

// RFC 1123, section 2.1.
const hostname =
  /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/;

/** Addresses of this machine, split by commas: a zod schema from text to a list in canonical form. */
export const listenIpsSchema = listSchema(isAddress, 'an IPv4 or IPv6 address');

/** What peers may be told, split by commas, likewise. */
export const announcedAddressesSchema = listSchema(
  (text) => !isWildcard(text) && (isAddress(text) || (!isDotted(text) && hostname.test(text))),
  'an address or a hostname that browsers can connect to',
);

/**
 * Deals the announced addresses out to the listening ones: to itself, if it is one of them; else an
 * IP address to the first of its family, and a hostname to the first.
 *
 * @param listenIps - in canonical form, at least one
 * @param announcedAddresses - in canonical form
 * @returns in the order of the announced addresses, then those that announce themselves; and what
 *   makes no sense, for people
 */
export function assignAnnounced(
  listenIps: string[],
  announcedAddresses: string[],
): { addresses: ListenAddress[]; problems: string[] } {
  const problems: string[] = [];
  const announcedBy = new Map<string, string[]>();
  for (const address of announcedAddresses) {
    const ip = listenerFor(address, listenIps);
    if (ip) {
      announcedBy.set(ip, [...(announcedBy.get(ip) ?? []), address]);
    } else {
      problems.push(noListenerFor(address));
    }
  }
  for (const ip of listenIps) {
    const others = listenIps.filter((other) => other !== ip && isIP(other) === isIP(ip));
    if (isWildcard(ip) && others.length > 0) {
      problems.push(
        `MEDIASOUP_LISTEN_IP: ${ip} includes ${others.join(' and ')}: list one or the other`,
      );
    }
    if (isWildcard(ip) && !announcedBy.has(ip)) {
      problems.push(nothingToAnnounce(ip));
    }
    if (!announcedBy.has(ip)) {
      announcedBy.set(ip, []);
    }
  }
  return {
    addresses: Array.from(announcedBy, ([ip, [first = ip, ...rest]]) => ({
      ip,
      announced: [first, ...rest],
    })),
    problems,
  };
}

function listenerFor(address: string, listenIps: string[]): string | undefined {
  if (listenIps.includes(address)) {
    return address;
  }
  return isIP(address) ? listenIps.find((ip) => isIP(ip) === isIP(address)) : listenIps[0];
}

function noListenerFor(address: string): string {
  const [family, all] = isIPv6(address) ? ['IPv6', '::'] : ['IPv4', '0.0.0.0'];
  return (
    `MEDIASOUP_ANNOUNCED_ADDRESS: nothing listens for ${address}: add an ${family} address of this ` +
    `machine to MEDIASOUP_LISTEN_IP, such as ${all}, or don't announce it`
  );
}

function nothingToAnnounce(ip: string): string {
  const family = isIPv6(ip) ? 'IPv6' : 'IPv4';
  return (
    `MEDIASOUP_LISTEN_IP=${ip} alone would tell browsers to connect to ${ip}: add the ${family} ` +
    'address that they reach this machine by to MEDIASOUP_ANNOUNCED_ADDRESS, or listen on that address itself'
  );
}

function listSchema(isAllowed: (text: string) => boolean, expected: string) {
  return z.string().transform((text, context) => {
    const list = text.split(',').map((part) => canonical(part.trim()));
    const wrong = list.find((address) => !isAllowed(address));
    const twice = list.find((address, i) => list.indexOf(address) !== i);
    if (wrong !== undefined) {
      context.addIssue(`"${wrong}" is not ${expected}; several are split by commas`);
    } else if (twice) {
      context.addIssue(`${twice} is there twice: leave one out`);
    } else if (list.length > maxAddresses) {
      context.addIssue(`expected at most ${maxAddresses} addresses`);
    }
    return list;
  });
}

/** As the kernel and mediasoup write it (inet_ntop(3)), so that addresses can be compared. */
function canonical(text: string): string {
  return isAddress(text) && isIPv6(text)
    ? new SocketAddress({ address: text, family: 'ipv6' }).address
    : text.toLowerCase();
}

/** Without a zone (RFC 4007): such an address means something on this machine only. */
function isAddress(text: string): boolean {
  return isIP(text) !== 0 && !text.includes('%');
}

/** 999.1.1.1 is no address, and no hostname that anybody meant either. */
function isDotted(text: string): boolean {
  return /^[\d.]+$/.test(text);
}

function isWildcard(ip: string): boolean {
  return ip === '0.0.0.0' || ip === '::';
}
