import { isLoopback } from '../net/ip.ts';
import { defaultHttpHost, type SettingName, type Values } from './settings.ts';

/**
 * Whether other machines can reach the server, as far as its settings say: it listens beyond loopback, or its
 * settings name a proxy, or a page or an address of another machine. scripts/worker/reachable.ts decides the same, and
 * its test compares the two.
 *
 * @param given - the settings that the environment sets
 * @returns the first setting that makes it reachable
 */
export function reachableBy(
  values: Values,
  given: ReadonlySet<SettingName>,
): SettingName | undefined {
  if (!isLoopback(values.HTTP_HOST ?? defaultHttpHost[values.HTTPS])) {
    return values.HTTP_HOST ? 'HTTP_HOST' : 'HTTPS';
  }
  if (given.has('TRUST_PROXY')) {
    return 'TRUST_PROXY';
  }
  if (values.ALLOWED_ORIGINS.some((origin) => !isHere(new URL(origin).hostname))) {
    return 'ALLOWED_ORIGINS';
  }
  return values.MEDIASOUP_ANNOUNCED_ADDRESS.some((address) => !isHere(address))
    ? 'MEDIASOUP_ANNOUNCED_ADDRESS'
    : undefined;
}

/** @param host - a name or an address; IPv6 with or without brackets */
function isHere(host: string): boolean {
  const bare = host.replace(/^\[|\]$/g, '');
  return bare === 'localhost' || isLoopback(bare);
}
