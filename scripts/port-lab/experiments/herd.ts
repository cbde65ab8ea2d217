import { once } from 'node:events';
import { loopback } from '../address.ts';
import { type Experiment, notHere, type Row } from '../experiment.ts';
import { HerdProcess, type Saying } from '../herd-process.ts';
import { type Wait, waits } from '../herd-protocol.ts';
import { freePort, type Open, withSockets } from '../with-sockets.ts';

const size = 4;
const connections = 5;

/** A process that was woken says so within this time, or counts as asleep: only where fewer than all are woken. */
const quietMs = 50;
/** For what must happen. A machine so slow fails the experiment. */
const patienceMs = 20_000;

const rowNames: Record<Wait, string> = {
  'shared poll': 'one listener, poll()',
  'shared epoll': 'one listener, epoll',
  'shared epoll exclusive': 'one listener, EPOLLEXCLUSIVE',
  'shared accept': 'one listener, accept()',
  'own poll': 'SO_REUSEPORT, poll()',
};

const counted: readonly Saying[] = ['got', 'woken', 'nothing'];

export const herdExperiment: Experiment = {
  id: 'herd',
  title: `${size} processes wait, ${connections} TCP connections come one by one: how many wake up?`,
  rowsAre: 'listening and waiting',
  columns: ['accepted', 'woken', 'for nothing'],
  note:
    'One listener: made by the parent, had by all, as in nginx without `reuseport`. SO_REUSEPORT: each process has ' +
    'its own. Nobody accepts before all have spoken whom the connection woke.',
  run: () =>
    withSockets(async (open) => {
      const herd: HerdProcess[] = [];
      const port = await freePort('IPv4');
      const shared = listener(open, port);
      const [blockingPort, ownPort] = [await freePort('IPv4'), await freePort('IPv4')];
      const sharedBlocking = listener(open, blockingPort, { blocks: true });

      try {
        for (let i = 0; i < size; i++) {
          const own = listener(open, ownPort, { setting: 'SO_REUSEPORT' });

          herd.push(new HerdProcess({ shared, sharedBlocking, own }));
        }
        await untilAll(herd, ({ last }) => last === 'up');

        return await rowsOf(herd, {
          'shared poll': port,
          'shared epoll': port,
          'shared epoll exclusive': port,
          'own poll': ownPort,
          'shared accept': blockingPort,
        });
      } finally {
        await Promise.all(herd.map((member) => member.end()));
      }
    }),
};

function listener(
  open: Open,
  port: number,
  { setting = 'none', blocks = false }: { setting?: Parameters<Open>[2]; blocks?: boolean } = {},
) {
  const socket = open('TCP', 'IPv4', setting);

  socket.bind(loopback.IPv4, port);
  socket.listen();
  if (!blocks) {
    socket.dontBlock();
  }

  return socket;
}

async function rowsOf(herd: HerdProcess[], ports: Record<Wait, number>): Promise<Row[]> {
  const rows: Row[] = [];

  for (const wait of waits) {
    if (wait.startsWith('shared epoll') && process.platform !== 'linux') {
      rows.push({ name: rowNames[wait], cells: counted.map(() => notHere) });
      continue;
    }

    const before = counted.map((saying) => count(herd, saying));

    for (let i = 0; i < connections; i++) {
      await connectOnce(herd, wait, ports[wait]);
    }
    rows.push({
      name: rowNames[wait],
      cells: counted.map((saying, i) => String(count(herd, saying) - (before[i] ?? 0))),
    });
  }

  return rows;
}

/** One connection: all wait, some wake up, all of those try to accept, and the others are told to stop waiting. */
async function connectOnce(herd: HerdProcess[], wait: Wait, port: number): Promise<void> {
  for (const member of herd) {
    // Who still blocks in accept() goes on doing so.
    if (member.last !== 'waiting') {
      member.tell(wait);
    }
  }
  await untilAll(herd, ({ last }) => last === 'waiting');
  await Promise.all(herd.map((member) => member.blocks()));
  await withSockets(async (open) => {
    open('TCP', 'IPv4').connect(loopback.IPv4, port);
    await untilQuiet(herd);
    for (const member of herd) {
      if (member.last === 'woken') {
        member.tell('accept');
      } else if (wait !== 'shared accept') {
        member.tell('stop');
      }
    }
    await untilAll(
      herd,
      ({ last }) => last === 'got' || last === 'nothing' || last === 'asleep' || last === 'waiting',
    );
  });
}

function count(herd: readonly HerdProcess[], saying: Saying): number {
  return herd.reduce((sum, member) => sum + member.count(saying), 0);
}

/** Until somebody has woken up, and then until everybody has, or no more do. */
async function untilQuiet(herd: readonly HerdProcess[]): Promise<void> {
  const isWoken = ({ last }: HerdProcess) => last === 'woken';

  await until(herd, () => herd.some(isWoken), patienceMs);
  while (!herd.every(isWoken)) {
    const before = herd.filter(isWoken).length;

    if (!(await heard(herd, () => herd.filter(isWoken).length > before, quietMs))) {
      return;
    }
  }
}

function untilAll(
  herd: readonly HerdProcess[],
  condition: (member: HerdProcess) => boolean,
): Promise<void> {
  return until(herd, () => herd.every(condition), patienceMs);
}

async function until(
  herd: readonly HerdProcess[],
  condition: () => boolean,
  limitMs: number,
): Promise<void> {
  if (!(await heard(herd, condition, limitMs))) {
    throw new Error(`the herd says ${herd.map(({ last }) => last ?? 'nothing').join(', ')}`);
  }
}

/** @returns Whether the condition came true within the time. */
async function heard(
  herd: readonly HerdProcess[],
  condition: () => boolean,
  limitMs: number,
): Promise<boolean> {
  const signal = AbortSignal.timeout(limitMs);

  while (!condition()) {
    const listening = new AbortController();
    const either = AbortSignal.any([signal, listening.signal]);

    try {
      await Promise.race(herd.map((member) => once(member, 'said', { signal: either })));
    } catch (error) {
      if (signal.aborted) {
        return condition();
      }
      throw error;
    } finally {
      listening.abort();
    }
  }

  return true;
}
