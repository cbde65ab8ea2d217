import { setTimeout as sleep } from 'node:timers/promises';
import { loopback } from '../address.ts';
import type { Experiment } from '../experiment.ts';
import { call } from '../libc.ts';
import { type Setting, settings } from '../settings.ts';
import type { Socket } from '../socket.ts';
import { countConnections, ofTwo, senders, shareOf } from '../traffic.ts';
import { attemptCalls, freePort, withSockets } from '../with-sockets.ts';

const [family, address] = ['IPv4', loopback.IPv4] as const;

/** How often, 10 ms apart, is looked whether a connection's fate is known. */
const looks = 100;

export const closingTcpExperiment: Experiment = {
  id: 'closing-tcp',
  title: 'Two TCP listeners on one address and port, and the second closes',
  rowsAre: 'option of both',
  columns: ['waiting at second', 'new connections'],
  note:
    'Until it is accepted, a connection waits at one of the listeners. reset: it went with that one; moved: it ' +
    'did not, since net.ipv4.tcp_migrate_req is 1 (Linux 5.14).',
  async run() {
    const rows = [];

    for (const setting of settings) {
      rows.push({ name: setting, cells: await measure(setting) });
    }

    return rows;
  },
};

async function measure(setting: Setting): Promise<string[]> {
  const port = await freePort(family);

  return withSockets(async (open) => {
    const [first, last] = [open('TCP', family, setting), open('TCP', family, setting)];
    const refused = attemptCalls(() => {
      for (const listener of [first, last]) {
        listener.bind(address, port);
        listener.listen();
      }
    });

    if (refused) {
      return [refused, '-'];
    }

    const connections = Array.from({ length: senders }, () => open('TCP', family));

    for (const connection of connections) {
      connection.connect(address, port);
    }
    last.close();

    const fate = await fateOf(connections, first);
    const afterwards = await countConnections([first], { family, address, port });

    return [fate, shareOf(afterwards, ofTwo) === 'each' ? 'first' : afterwards.join('+')];
  });
}

/** What became of the connections that the closed listener had not accepted yet. */
async function fateOf(connections: readonly Socket[], left: Socket): Promise<string> {
  const reset = new Set<Socket>();
  let accepted = 0;

  left.dontBlock();
  for (let i = 0; i < looks && accepted + reset.size < connections.length; i++) {
    for (let fd = left.accept(); fd !== undefined; fd = left.accept()) {
      accepted += 1;
      call('close', fd);
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
