import { execFileSync } from 'node:child_process';

const ip = (...args: string[]) => execFileSync('ip', args, { stdio: 'pipe' });

/** A host of its own inside this machine, with loopback and an address of each family (ip-netns(8)). */
export interface NetworkNamespace {
  name: string;
  address: string;
  address6: string;
  remove(): void;
}

/**
 * @param address - IPv4, out of a /24 that exists only in there
 * @returns a sentence that says why, where it can't be made: it takes root and CAP_SYS_ADMIN, which a
 *   container seldom has
 */
export function makeNetworkNamespace(address: string): NetworkNamespace | string {
  const name = `oneport-${process.pid}`;
  const address6 = 'fd00:77::1';
  const remove = () => ip('netns', 'delete', name);
  try {
    ip('netns', 'add', name);
  } catch (error) {
    return `no network namespace can be made here: ${(error as Error).message.trim()}`;
  }
  try {
    ip('-n', name, 'link', 'set', 'lo', 'up');
    ip('-n', name, 'link', 'add', 'media0', 'type', 'veth', 'peer', 'name', 'media1');
    ip('-n', name, 'address', 'add', `${address}/24`, 'dev', 'media0');
    // Without duplicate address detection: it can be bound at once.
    ip('-n', name, 'address', 'add', `${address6}/64`, 'dev', 'media0', 'nodad');
    for (const end of ['media0', 'media1']) {
      // Nor with a link-local address at either end, which comes a second later: a change of the network, at which
      // Chromium drops what it is just loading (ERR_NETWORK_CHANGED).
      ip('-n', name, 'link', 'set', end, 'addrgenmode', 'none');
      ip('-n', name, 'link', 'set', end, 'up');
    }
    // Nobody is there; but Firefox gathers candidates on the default route's address only.
    ip('-n', name, 'route', 'add', 'default', 'via', address.replace(/\d+$/, '254'));
  } catch (error) {
    remove();
    return `no network namespace can be set up here: ${(error as Error).message.trim()}`;
  }
  return { name, address, address6, remove };
}
