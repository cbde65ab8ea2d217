import { setTimeout as sleep } from 'node:timers/promises';
import { type Experiment, inTurn, rowsOf } from '../experiment.ts';
import {
  attempt,
  bindAndListen,
  type Family,
  families,
  freePort,
  loopback,
  type Setting,
  type Socket,
  settings,
  withSockets,
} from '../sockets.ts';
import {
  acceptAndClose,
  countConnections,
  countDatagrams,
  deliver,
  senders,
  shareOf,
} from '../traffic.ts';

export const closingTcpExperiment: Experiment = {
  id: 'closing-tcp',
  title: 'Two TCP listeners on one address and port, and the second closes',
  rowsAre: 'option of both',
  columns: ['waiting at second', 'new connections'],
  note:
    'Until it is accepted, a connection waits at one of the listeners. reset: it went with that one; moved: it did ' +
    'not, because net.ipv4.tcp_migrate_req is 1 (Linux 5.14).',
  run: () => rowsOf(settings, closeTcpListener),
};

async function closeTcpListener(setting: Setting): Promise<string[]> {
  const to = { family: 'IPv4', address: loopback.IPv4, port: await freePort('IPv4') } as const;
  return withSockets(async (open) => {
    const [first, last] = [open('TCP', 'IPv4', setting), open('TCP', 'IPv4', setting)];
    const refused = attempt(() => {
      for (const listener of [first, last]) {
        bindAndListen(listener, 'TCP', to.address, to.port);
      }
    });
    if (refused) {
      return [refused, '-'];
    }
    const connections = Array.from({ length: senders }, () => open('TCP', 'IPv4'));
    for (const connection of connections) {
      connection.connect(to.address, to.port);
    }
    last.close();
    const fate = await fateOf(connections, first);
    const counts = await countConnections([first], to);
    return [fate, counts[0] === senders ? 'first' : counts.join('+')];
  });
}

/** Says what became of the connections that the closed listener had not accepted yet, after a second at most. */
async function fateOf(connections: readonly Socket[], remaining: Socket): Promise<string> {
  const reset = new Set<Socket>();
  let accepted = 0;
  remaining.setNonBlocking();
  for (let i = 0; i < 100 && accepted + reset.size < connections.length; i++) {
    while (acceptAndClose(remaining)) {
      accepted += 1;
    }
    for (const connection of connections) {
      if (!reset.has(connection) && connection.isReset()) {
        reset.add(connection);
      }
    }
    await sleep(10);
  }
  if (accepted + reset.size !== connections.length) {
    return `${reset.size} reset, ${accepted} accepted`;
  }
  return reset.size > 0 ? 'reset' : 'moved to first';
}

const names = ['1st', '2nd', '3rd', '4th'];
const columns = ['all open', '4th closed', 'rest', '4th again', '1st closed'];

export const closingUdpExperiment: Experiment = {
  id: 'closing-udp',
  title: 'Four UDP sockets on one address and port: which gets what when one closes?',
  rowsAre: 'option of all',
  columns,
  note:
    'rest: whether the senders of the three that stay keep their socket when the 4th closes, or move to another of ' +
    'the three. 4th again: a new 4th socket is bound.',
  run() {
    const shared = settings.filter((setting) => setting !== 'none');
    const all = families.flatMap((family) => shared.map((setting) => ({ family, setting })));
    return inTurn(all, async ({ family, setting }) => ({
      name: `${setting}, ${family}`,
      cells: await closeUdpSockets(family, setting),
    }));
  },
};

async function closeUdpSockets(family: Family, setting: Setting): Promise<string[]> {
  const to = { family, address: loopback[family], port: await freePort(family) };
  return withSockets(async (open) => {
    const sockets = new Map<string, Socket>();
    const bind = (name: string) => {
      sockets.set(name, open('UDP', family, setting));
      sockets.get(name)?.bind(to.address, to.port);
    };
    const close = (name: string) => {
      sockets.get(name)?.close();
      sockets.delete(name);
    };
    const share = async () =>
      shareOf(await countDatagrams([...sockets.values()], to), [...sockets.keys()]);
    names.forEach(bind);
    const from = Array.from({ length: senders }, () => open('UDP', family));
    const allOpen = await share();
    const before = deliver(from, [...sockets.values()], to);
    close('4th');
    const after = deliver(from, [...sockets.values()], to);
    const without4th = await share();
    bind('4th');
    const with4thAgain = await share();
    close('1st');
    const others = before.slice(0, 3);
    const keepAll = others.every((got, i) => got.every((sender) => after[i]?.includes(sender)));
    const rest = others.flat().length === 0 ? '-' : keepAll ? 'kept' : 'moved';
    return [allOpen, without4th, rest, with4thAgain, await share()];
  });
}
