/** MEDIASOUP_LISTEN_IP, MEDIASOUP_ANNOUNCED_ADDRESS, and which address is announced for which. */
import { isIP, isIPv6 } from 'node:net';
import { z } from 'zod';
import { canonicalIp, isWildcard } from '../net/ip.ts';

/** An address to listen on and the addresses in its candidates. */
export interface ListenAddress {
  ip: string;
  /** In order of preference. The listening address itself, if nothing else is announced for it. */
  announced: [string, ...string[]];
}

/** Each address adds two candidates to a transport, and a browser's SDP repeats them in every media section. */
const maxAddresses = 8;

// RFC 1123, section 2.1.
const hostname =
  /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/;

/** Addresses of this machine, separated by commas; the values are in canonical form. */
export const listenIpsSchema = listSchema(isAddress, 'an IPv4 or IPv6 address');

/** Addresses and hostnames for candidates, separated by commas; the values are in canonical form. */
export const announcedAddressesSchema = listSchema(
  (text) => !isWildcard(text) && (isAddress(text) || (!isDotted(text) && hostname.test(text))),
  'an address or a hostname that browsers can connect to',
);

/**
 * Assigns each announced address to a listening one: to itself, if it is one of them; otherwise an IP address to the
 * first listening address of its family, and a hostname to the first of all.
 *
 * @param listenIps - in canonical form, at least one
 * @param announcedAddresses - in canonical form
 * @returns `addresses` in the order of the announced ones, followed by those that announce themselves; `problems`: what
 *   is wrong, one line each, for people
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
    `MEDIASOUP_ANNOUNCED_ADDRESS: no listening address for ${address}. Add an ${family} address of this ` +
    `machine to MEDIASOUP_LISTEN_IP, such as ${all}, or remove ${address}`
  );
}

function nothingToAnnounce(ip: string): string {
  const family = isIPv6(ip) ? 'IPv6' : 'IPv4';
  return (
    `MEDIASOUP_LISTEN_IP=${ip} alone would put ${ip} into candidates. Add the ${family} address at which ` +
    'browsers reach this machine to MEDIASOUP_ANNOUNCED_ADDRESS, or listen on that address only'
  );
}

function listSchema(isAllowed: (text: string) => boolean, expected: string) {
  return z.string().transform((text, context) => {
    const list = text.split(',').map((part) => canonical(part.trim()));
    const wrong = list.find((address) => !isAllowed(address));
    const twice = list.find((address, i) => list.indexOf(address) !== i);
    if (wrong !== undefined) {
      context.addIssue(`"${wrong}" is not ${expected}; separate several by commas`);
    } else if (twice) {
      context.addIssue(`${twice} is listed twice: remove one`);
    } else if (list.length > maxAddresses) {
      context.addIssue(`expected at most ${maxAddresses} addresses`);
    }
    return list;
  });
}

/** Texts of the same address are equal in this form. A zone stays, to be rejected. */
function canonical(text: string): string {
  return isAddress(text) ? canonicalIp(text) : text.toLowerCase();
}

/** An address with a zone (RFC 4007) has a meaning on this machine only. */
function isAddress(text: string): boolean {
  return isIP(text) !== 0 && !text.includes('%');
}

/** 999.1.1.1 is no address, and a valid hostname only by accident. */
function isDotted(text: string): boolean {
  return /^[\d.]+$/.test(text);
}
