import { type Family, families, loopback } from '../address.ts';
import { type Experiment, notHere, type Row } from '../experiment.ts';
import { type Setting, settings } from '../settings.ts';
import type { Socket } from '../socket.ts';
import { countDatagrams, receiverOfEach, senders, shareOf } from '../traffic.ts';
import { attemptCalls, cannotUse, freePort, withSockets } from '../with-sockets.ts';

const names = ['1st', '2nd', '3rd', '4th'];
const columns = ['all open', '4th closed', 'rest', '4th anew', '1st closed'];

export const closingUdpExperiment: Experiment = {
  id: 'closing-udp',
  title: 'Four UDP sockets on one address and port: who gets what when one closes?',
  rowsAre: 'option of all',
  columns,
  note:
    'rest: whether the senders of the three that stay keep their socket when the 4th closes, or are moved to ' +
    'another of the three.',
  async run() {
    const rows: Row[] = [];

    for (const family of families) {
      const missing = await cannotUse(family);

      for (const setting of settings.filter((entry) => entry !== 'none')) {
        rows.push({
          name: `${setting}, ${family}`,
          cells: missing ? columns.map(() => notHere) : await measure(family, setting),
        });
      }
    }

    return rows;
  },
};

async function measure(family: Family, setting: Setting): Promise<string[]> {
  const to = { family, address: loopback[family], port: await freePort(family) };

  return withSockets(async (open) => {
    const sockets = new Map<string, Socket>();
    const bind = (name: string) => {
      const socket = open('UDP', family, setting);

      socket.bind(to.address, to.port);
      sockets.set(name, socket);
    };
    const close = (name: string) => {
      sockets.get(name)?.close();
      sockets.delete(name);
    };
    const look = async () =>
      shareOf(await countDatagrams([...sockets.values()], to), [...sockets.keys()]);
    const refused = attemptCalls(() => names.forEach(bind));

    if (refused) {
      return columns.map(() => refused);
    }

    const from = Array.from({ length: senders }, () => open('UDP', family));
    const fourth = sockets.get('4th');
    const allOpen = await look();
    const before = receiverOfEach(from, [...sockets.values()], to);

    close('4th');

    const after = receiverOfEach(from, [...sockets.values()], to);
    const without4th = await look();

    bind('4th');

    const with4thAnew = await look();

    close('1st');

    return [allOpen, without4th, fateOf(before, after, fourth), with4thAnew, await look()];
  });
}

/** What became of the senders whose socket stayed open. */
function fateOf(
  before: readonly (Socket | undefined)[],
  after: readonly (Socket | undefined)[],
  closed: Socket | undefined,
): string {
  const stayed = [...before.keys()].filter((sender) => before[sender] !== closed);

  if (stayed.length === 0) {
    return '-';
  }

  return stayed.every((sender) => after[sender] === before[sender]) ? 'kept' : 'moved';
}
