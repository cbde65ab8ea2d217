import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { isAsleep } from '../../../testkit/system/processes.ts';
import { track } from '../../setup/children.mjs';
import { SetUpError } from '../../setup/set-up-error.mjs';
import { type Experiment, rowsOf } from '../experiment.ts';
import { bindAndListen, freePort, loopback, type Socket, withSockets } from '../sockets.ts';
import { fds, type Saying, type Wait, waits } from './herd-child.ts';

const size = 4;
const connections = 5;

/** A process that a connection woke says so within this time. It matters only where fewer than all are woken. */
const quietMs = 50;
/** For what must happen. On a machine that is slower, the experiment fails. */
const timeoutMs = 20_000;

export const herdExperiment: Experiment = {
  id: 'herd',
  title: `${size} processes wait, ${connections} TCP connections come one by one: how many wake up?`,
  rowsAre: 'listening and waiting',
  columns: ['accepted', 'woken', 'for nothing'],
  note:
    'One listener: the parent opened it and all inherited it, as in nginx without `reuseport`. SO_REUSEPORT: each ' +
    'process has its own. No process accepts before all that the connection woke have said so.',
  run: () =>
    withSockets(async (open) => {
      const listener = (port: number, setting: 'none' | 'SO_REUSEPORT') =>
        bindAndListen(open('TCP', 'IPv4', setting), 'TCP', loopback.IPv4, port);
      const shared = listener(await freePort('IPv4'), 'none');
      const sharedBlocking = listener(await freePort('IPv4'), 'none');
      const ownPort = await freePort('IPv4');
      const herd: HerdProcess[] = [];
      shared.setNonBlocking();
      try {
        for (let i = 0; i < size; i++) {
          const own = listener(ownPort, 'SO_REUSEPORT');
          own.setNonBlocking();
          herd.push(new HerdProcess({ shared, sharedBlocking, own }));
        }
        await allSay(herd, 'up');
        return await rowsOf(Object.keys(waits) as Wait[], (wait) => {
          const listener = wait === 'one listener, accept()' ? sharedBlocking : shared;
          return measure(herd, wait, wait === 'SO_REUSEPORT, poll()' ? ownPort : listener.port());
        });
      } finally {
        await Promise.all(herd.map((member) => member.end()));
      }
    }),
};

async function measure(herd: HerdProcess[], wait: Wait, port: number): Promise<string[]> {
  const counted: Saying[] = ['got', 'woken', 'nothing'];
  for (const member of herd) {
    member.said = [];
  }
  for (let i = 0; i < connections; i++) {
    await connectOnce(herd, wait, port);
  }
  const said = herd.flatMap((member) => member.said);
  return counted.map((saying) => String(said.filter((one) => one === saying).length));
}

/** One connection: all wait, some wake up, all of those try to accept, and the others are told to stop waiting. */
async function connectOnce(herd: HerdProcess[], wait: Wait, port: number): Promise<void> {
  for (const member of herd) {
    // A process that still blocks in accept() goes on waiting.
    if (member.last !== 'waiting') {
      member.tell(wait);
    }
  }
  await allSay(herd, 'waiting');
  await Promise.all(herd.map((member) => member.isBlocked()));
  await withSockets(async (open) => {
    open('TCP', 'IPv4').connect(loopback.IPv4, port);
    await untilQuiet(herd);
    for (const member of herd) {
      if (member.last === 'woken') {
        member.tell('accept');
      } else if (wait !== 'one listener, accept()') {
        member.tell('stop');
      }
    }
    await allSay(herd, 'got', 'nothing', 'asleep', 'waiting');
  });
}

/** Until a process has woken up, and then until all have or no more do. */
async function untilQuiet(herd: readonly HerdProcess[]): Promise<void> {
  const woken = () => herd.filter(({ last }) => last === 'woken').length;
  await until(herd, () => woken() > 0);
  let [seen, since] = [0, 0];
  while (seen < herd.length && (woken() > seen || performance.now() < since + quietMs)) {
    if (woken() > seen) {
      [seen, since] = [woken(), performance.now()];
    }
    await sleep(1);
  }
}

function allSay(herd: readonly HerdProcess[], ...sayings: Saying[]): Promise<void> {
  return until(herd, () => herd.every(({ last }) => last && sayings.includes(last)));
}

async function until(herd: readonly HerdProcess[], condition: () => boolean): Promise<void> {
  for (const end = performance.now() + timeoutMs; !condition(); await sleep(1)) {
    if (performance.now() > end) {
      throw new Error(`the herd says ${herd.map(({ last }) => last ?? 'nothing').join(', ')}`);
    }
  }
}

/** A process that waits for connections, seen from its parent. */
class HerdProcess {
  said: Saying[] = [];
  readonly #child: ChildProcess;
  #last: Saying | undefined;

  constructor(listeners: Record<'shared' | 'sharedBlocking' | 'own', Socket>) {
    const stdio: ('pipe' | 'inherit' | number)[] = ['pipe', 'pipe', 'inherit'];
    stdio[fds.shared] = listeners.shared.fd;
    stdio[fds.sharedBlocking] = listeners.sharedBlocking.fd;
    stdio[fds.own] = listeners.own.fd;
    const program = join(import.meta.dirname, 'herd-child.ts');
    this.#child = track(spawn(process.execPath, [program], { stdio }));
    // `last` reports the end of the process.
    this.#child.on('error', () => {});
    this.#child.stdin?.on('error', () => {});
    if (this.#child.stdout) {
      createInterface(this.#child.stdout).on('line', (line) => {
        this.#last = line as Saying;
        this.said.push(this.#last);
      });
    }
  }

  /** Its last word since the last command. @throws SetUpError when it has ended, for example by a signal */
  get last(): Saying | undefined {
    if (this.#hasEnded) {
      throw new SetUpError(
        `a process of the thundering herd ended while it was ${this.#last ?? 'starting'}`,
      );
    }
    return this.#last;
  }

  tell(command: Wait | 'accept' | 'stop'): void {
    this.#last = undefined;
    this.#child.stdin?.write(`${command}\n`);
  }

  /** Resolves when it blocks, after it has said that it is about to. */
  async isBlocked(): Promise<void> {
    while (!this.#hasEnded && !isAsleep(this.#child.pid ?? 0)) {
      await sleep(1);
    }
  }

  /** Resolves when it is gone. */
  async end(): Promise<void> {
    if (!this.#hasEnded) {
      this.#child.kill('SIGKILL');
      await once(this.#child, 'exit');
    }
  }

  get #hasEnded(): boolean {
    const { pid, exitCode, signalCode } = this.#child;
    return pid === undefined || exitCode !== null || signalCode !== null;
  }
}
