import { ipBytes } from '../../../server/src/net/ip.ts';
import { type Experiment, measureRows, rowsOf } from '../experiment.ts';
import {
  attempt,
  bindAndListen,
  type Family,
  families,
  freePort,
  IPPROTO_IP,
  IPPROTO_IPV6,
  IPV6_V6ONLY,
  type Kind,
  loopback,
  type Open,
  type Socket,
  settings,
  withSockets,
} from '../sockets.ts';
import { whoGets } from '../traffic.ts';

const kinds: readonly Kind[] = ['UDP', 'TCP'];
const ofTwo = ['first', 'last'];

export const optionsExperiment: Experiment = {
  id: 'options',
  title: 'Which options does this kernel have?',
  rowsAre: 'setsockopt()',
  columns: kinds,
  run: () =>
    measureRows(
      settings.filter((setting) => setting !== 'none' && setting !== 'both'),
      kinds,
      (option, kind) =>
        withSockets((open) => attempt(() => open(kind, 'IPv4').apply(option)) ?? 'OK'),
    ),
};

export const udpBesideTcpExperiment: Experiment = {
  id: 'udp-beside-tcp',
  title: 'A UDP socket and a TCP listener on one address and port',
  rowsAre: 'option of both',
  columns: families,
  note: 'OK: both are bound, and TCP listens.',
  run: () =>
    measureRows(settings, families, async (setting, family) => {
      const port = await freePort(family);
      return withSockets((open) => {
        const refused = attempt(() => {
          for (const kind of kinds) {
            bindAndListen(open(kind, family, setting), kind, loopback[family], port);
          }
        });
        return refused ?? 'OK';
      });
    }),
};

/** Each option of the socket that is bound first, with each option of the second one. */
export function twoSocketsExperiment(kind: Kind, family: Family): Experiment {
  const [sockets, traffic] =
    kind === 'UDP' ? ['Two UDP sockets', 'datagrams'] : ['Two TCP listeners', 'connections'];
  const address = loopback[family];
  return {
    id: `two-${kind.toLowerCase()}-${family.toLowerCase()}`,
    title: `${sockets} on one ${family} address and port: which gets the ${traffic}?`,
    rowsAre: 'first \\ second',
    columns: settings,
    note: 'first, last: that one gets all; spread: each some; E...: second is refused.',
    run: () =>
      measureRows(settings, settings, async (first, second) => {
        const port = await freePort(family);
        const binders = [first, second].map(
          (setting) => (open: Open) =>
            bindAndListen(open(kind, family, setting), kind, address, port),
        );
        return whoGets(kind, { family, address, port }, binders, ofTwo);
      }),
  };
}

export const listenLateExperiment: Experiment = {
  id: 'listen-late',
  title: 'Two TCP sockets, both bound before either listens',
  rowsAre: 'option of both',
  columns: ['bind second', 'listen first', 'listen second'],
  run: () =>
    rowsOf(settings, async (setting) => {
      const port = await freePort('IPv4');
      return withSockets((open) => {
        const [first, second] = [open('TCP', 'IPv4', setting), open('TCP', 'IPv4', setting)];
        first.bind(loopback.IPv4, port);
        const refused = attempt(() => second.bind(loopback.IPv4, port));
        return [
          refused ?? 'OK',
          attempt(() => first.listen()) ?? 'OK',
          refused ? '-' : (attempt(() => second.listen()) ?? 'OK'),
        ];
      });
    }),
};

type Named = readonly [name: string, address: string];

/** Two sockets in the order in which they are bound, and the address that the datagrams go to. */
const pairs: Record<string, readonly [Named, Named, to: string]> = {
  IPv4: [['wildcard', '0.0.0.0'], ['specific', '127.0.0.1'], '127.0.0.1'],
  IPv6: [['wildcard', '::'], ['specific', '::1'], '::1'],
  'dual stack': [['IPv6 socket', '::'], ['IPv4 socket', '0.0.0.0'], '127.0.0.1'],
  'two specific': [['other', '127.0.0.1'], ['addressed', '127.0.0.2'], '127.0.0.2'],
};

export const wildcardExperiment: Experiment = {
  id: 'wildcard',
  title: 'Two UDP sockets on one port of two addresses: which gets the datagrams?',
  rowsAre: 'option of both',
  columns: Object.keys(pairs),
  note:
    'IPv4: 0.0.0.0, then 127.0.0.1, which is addressed. IPv6: ::, then ::1, which is addressed. Dual stack: :: ' +
    'for both families, then 0.0.0.0, and IPv4 datagrams. Two specific: 127.0.0.1, then 127.0.0.2, which is addressed.',
  run: () =>
    measureRows(settings, Object.values(pairs), async (setting, [first, second, to]) => {
      const port = await freePort(familyOf(to));
      const binders = [first, second].map(([, address]) => (open: Open) => {
        const socket = open('UDP', familyOf(address), setting);
        if (address === '::' && familyOf(to) === 'IPv4') {
          socket.set(IPPROTO_IPV6, IPV6_V6ONLY, 0);
        }
        return bindAndListen(socket, 'UDP', address, port);
      });
      const target = { family: familyOf(to), address: to, port };
      return whoGets('UDP', target, binders, [first[0], second[0]]);
    }),
};

function familyOf(address: string): Family {
  return address.includes(':') ? 'IPv6' : 'IPv4';
}

// linux/in.h
const [IP_MULTICAST_IF, IP_MULTICAST_TTL, IP_MULTICAST_LOOP, IP_ADD_MEMBERSHIP] = [32, 33, 34, 35];

/** Of the local scope, which is never routed (RFC 2365, 6.1), and used with a TTL of 0 on loopback. */
const group = '239.255.17.44';
const boundTo: Record<string, string> = { '0.0.0.0': '0.0.0.0', 'the group': group };

export const multicastExperiment: Experiment = {
  id: 'multicast',
  title: 'Two UDP sockets that joined one multicast group: which gets the datagrams?',
  rowsAre: 'option of both',
  columns: Object.keys(boundTo),
  note:
    'each: both get all of them. The columns say what the sockets are bound to. IPv4 only, because loopback has no ' +
    'route for IPv6 groups on Linux.',
  run: () =>
    measureRows(settings, Object.keys(boundTo), async (setting, column) => {
      const port = await freePort('IPv4');
      const member = (open: Open) => {
        const socket = open('UDP', 'IPv4', setting);
        socket.bind(boundTo[column] ?? '', port);
        const membership = Buffer.concat([ipBytes(group), ipBytes(loopback.IPv4)]);
        socket.set(IPPROTO_IP, IP_ADD_MEMBERSHIP, membership);
        return socket;
      };
      const to = { family: 'IPv4', address: group, port } as const;
      return whoGets('UDP', to, [member, member], ofTwo, { copies: 2, prepare: stayOnLoopback });
    }),
};

function stayOnLoopback(sender: Socket): void {
  sender.set(IPPROTO_IP, IP_MULTICAST_IF, ipBytes(loopback.IPv4));
  sender.set(IPPROTO_IP, IP_MULTICAST_TTL, 0);
  sender.set(IPPROTO_IP, IP_MULTICAST_LOOP, 1);
}

/** It needs no entry in /etc/passwd. */
const otherUid = 65534;

export const otherUidExperiment: Experiment = {
  id: 'other-uid',
  title: 'Root has the port, and another user binds it too: who gets the traffic?',
  rowsAre: 'option of both',
  columns: kinds,
  note: 'An error is good news here: no other user can take the port.',
  cannotRun: () =>
    process.geteuid?.() === 0 ? undefined : 'only root can be two users: sudo npm run port-lab',
  run: () =>
    measureRows(settings, kinds, async (setting, kind) => {
      const [family, address] = ['IPv4', loopback.IPv4] as const;
      const port = await freePort(family);
      const bind = (open: Open) => bindAndListen(open(kind, family, setting), kind, address, port);
      const binders = [bind, (open: Open) => asOther(() => bind(open))];
      return whoGets(kind, { family, address, port }, binders, ['root', 'the other']);
    }),
};

/** The kernel remembers who created a socket, so the effective user ID is what matters. */
function asOther<T>(work: () => T): T {
  process.seteuid?.(otherUid);
  try {
    return work();
  } finally {
    process.seteuid?.(0);
  }
}
