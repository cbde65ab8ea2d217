import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const ip = (...args: string[]) => execFileSync('ip', args, { stdio: 'pipe' });

/**
 * Two hosts and a router between them, each a network namespace (ip-netns(8)): a peer whose network changes, and the
 * server. The addresses are of RFC 5737 and exist only in there.
 */
export interface RoutedNetwork extends Disposable {
  /** The namespace of the server. */
  readonly server: string;
  readonly serverAddress: string;
  /** The namespace of the peer whose network changes. */
  readonly peer: string;
  /** Another address for the peer, as DHCP or another Wi-Fi gives one: the old one is gone at once. */
  changeAddress(): string;
  /** The router drops all UDP, both ways, silently. */
  blockUdp(): void;
  allowUdp(): void;
  /** Nothing at all passes the router. */
  cut(): void;
  mend(): void;
}

const serverAddress = '198.51.100.1';
const peerAddress = (host: number) => `203.0.113.${host}`;

/** @returns a sentence that says why, where it can't be made: it takes root and CAP_SYS_ADMIN */
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
      // A link-local address would be there only after duplicate address detection, a second or two later: a change of
      // the network, at which Chromium drops what it is just loading (ERR_NETWORK_CHANGED).
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
    return `no network namespaces can be made here: ${(error as Error).message.trim()}`;
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

/** A program that runs another inside a network namespace, for those who can be told only a program's path. */
export function wrapperInto(namespace: string, program: string): Disposable & { path: string } {
  const folder = mkdtempSync(join(tmpdir(), 'oneport-wrapper-'));
  const path = join(folder, 'run');
  writeFileSync(path, `#!/bin/sh\nexec ip netns exec ${namespace} ${program} "$@"\n`, {
    mode: 0o755,
  });
  return { path, [Symbol.dispose]: () => rmSync(folder, { recursive: true }) };
}
