/** Hosts inside this machine, as network namespaces (ip-netns(8)). They take root and CAP_SYS_ADMIN. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const ip = (...args: string[]) => execFileSync('ip', args, { stdio: 'pipe' });

/** One host with loopback and an address of each family. */
export interface NetworkNamespace {
  name: string;
  address: string;
  address6: string;
  remove(): void;
}

/**
 * @param address - IPv4, from a /24 that exists only in the namespace
 * @returns a sentence that says why the namespace cannot be made, as in most containers
 */
export function makeNetworkNamespace(address: string): NetworkNamespace | string {
  const name = `oneport-${process.pid}`;
  const address6 = 'fd00:77::1';
  const remove = () => ip('netns', 'delete', name);
  try {
    ip('netns', 'add', name);
  } catch (error) {
    return `cannot make a network namespace: ${(error as Error).message.trim()}`;
  }
  try {
    ip('-n', name, 'link', 'set', 'lo', 'up');
    ip('-n', name, 'link', 'add', 'media0', 'type', 'veth', 'peer', 'name', 'media1');
    ip('-n', name, 'address', 'add', `${address}/24`, 'dev', 'media0');
    // Without duplicate address detection, the address can be bound immediately.
    ip('-n', name, 'address', 'add', `${address6}/64`, 'dev', 'media0', 'nodad');
    for (const end of ['media0', 'media1']) {
      // A link-local address would be added a second later. Chromium aborts page loads at such a network change
      // (ERR_NETWORK_CHANGED).
      ip('-n', name, 'link', 'set', end, 'addrgenmode', 'none');
      ip('-n', name, 'link', 'set', end, 'up');
    }
    // No host is there, but Firefox gathers candidates only on the address of the default route.
    ip('-n', name, 'route', 'add', 'default', 'via', address.replace(/\d+$/, '254'));
  } catch (error) {
    remove();
    return `cannot set up a network namespace: ${(error as Error).message.trim()}`;
  }
  return { name, address, address6, remove };
}

/**
 * A server, a peer whose network changes, and a router between them, each a network namespace. The
 * addresses are those of RFC 5737.
 */
export interface RoutedNetwork extends Disposable {
  /** The namespace of the server. */
  readonly server: string;
  readonly serverAddress: string;
  /** The namespace of the peer whose network changes. */
  readonly peer: string;
  /** Replaces the peer's address, as another Wi-Fi does. @returns the new one */
  changeAddress(): string;
  /** Lets the router drop all UDP silently, in both directions. */
  blockUdp(): void;
  allowUdp(): void;
  /** Lets the router drop everything. */
  cut(): void;
  mend(): void;
}

const serverAddress = '198.51.100.1';
const peerAddress = (host: number) => `203.0.113.${host}`;

/** @returns a sentence that says why the network cannot be made */
export function makeRoutedNetwork(): RoutedNetwork | string {
  const [server, router, peer] = ['server', 'router', 'peer'].map(
    (host) => `oneport-${process.pid}-${host}`,
  ) as [string, string, string];
  const made: string[] = [];
  const remove = () => {
    for (const name of made.splice(0)) {
      ip('netns', 'delete', name);
    }
  };
  let host = 1;
  const useAddress = () => {
    ip('-n', peer, 'address', 'add', `${peerAddress(host)}/24`, 'dev', 'to-router');
    ip('-n', peer, 'route', 'replace', 'default', 'via', peerAddress(254));
    return peerAddress(host);
  };
  const rule = (action: 'add' | 'delete', ...selector: string[]) =>
    ip('-n', router, 'rule', action, 'priority', '10', ...selector, 'blackhole');
  try {
    for (const name of [server, router, peer]) {
      ip('netns', 'add', name);
      made.push(name);
      ip('-n', name, 'link', 'set', 'lo', 'up');
    }
    const link = (name: string, near: string, address: string) => {
      ip('-n', name, 'link', 'add', 'to-router', 'type', 'veth', 'peer', near, 'netns', router);
      // See makeNetworkNamespace().
      ip('-n', name, 'link', 'set', 'to-router', 'addrgenmode', 'none');
      ip('-n', name, 'link', 'set', 'to-router', 'up');
      ip('-n', router, 'address', 'add', `${address}/24`, 'dev', near);
      ip('-n', router, 'link', 'set', near, 'up');
    };
    link(server, 'to-server', '198.51.100.254');
    link(peer, 'to-peer', peerAddress(254));
    ip('-n', server, 'address', 'add', `${serverAddress}/24`, 'dev', 'to-router');
    ip('-n', server, 'route', 'add', 'default', 'via', '198.51.100.254');
    useAddress();
    const forward = 'echo 1 > /proc/sys/net/ipv4/ip_forward';
    ip('netns', 'exec', router, 'sh', '-c', forward);
  } catch (error) {
    remove();
    return `cannot make network namespaces: ${(error as Error).message.trim()}`;
  }
  return {
    server,
    serverAddress,
    peer,
    changeAddress() {
      const before = `${peerAddress(host)}/24`;
      host += 1;
      ip('-n', peer, 'address', 'delete', before, 'dev', 'to-router');
      return useAddress();
    },
    blockUdp: () => rule('add', 'ipproto', 'udp'),
    allowUdp: () => rule('delete', 'ipproto', 'udp'),
    cut: () => rule('add'),
    mend: () => rule('delete'),
    [Symbol.dispose]: remove,
  };
}

/** A program that runs another one in a network namespace, for callers that accept only a program's path. */
export function wrapperInto(namespace: string, program: string): Disposable & { path: string } {
  const folder = mkdtempSync(join(tmpdir(), 'oneport-wrapper-'));
  const path = join(folder, 'run');
  writeFileSync(path, `#!/bin/sh\nexec ip netns exec ${namespace} ${program} "$@"\n`, {
    mode: 0o755,
  });
  return { path, [Symbol.dispose]: () => rmSync(folder, { recursive: true }) };
}
