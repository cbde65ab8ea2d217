import { type ChildProcess, spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { track } from '../setup/children.mjs';
import { SetUpError } from '../setup/set-up-error.mjs';
import { herdFds, says, type Wait } from './herd-protocol.ts';
import type { Socket } from './socket.ts';

export type Saying = keyof typeof says;

/** A process that waits for connections, seen from the parent. Emits `said` when it says something, or has ended. */
export class HerdProcess extends EventEmitter<{ said: [] }> {
  readonly #child: ChildProcess;
  readonly #said = new Map<string, number>();
  #last: string | undefined;

  constructor(listeners: Record<'shared' | 'sharedBlocking' | 'own', Socket>) {
    super();

    const stdio: ('pipe' | 'inherit' | number)[] = ['pipe', 'pipe', 'inherit'];

    stdio[herdFds.shared] = listeners.shared.fd;
    stdio[herdFds.sharedBlocking] = listeners.sharedBlocking.fd;
    stdio[herdFds.own] = listeners.own.fd;
    this.#child = track(
      spawn(process.execPath, [join(import.meta.dirname, 'herd-child.ts')], { stdio }),
    );
    // Its end is told by `exit`.
    this.#child.stdin?.on('error', () => {});
    if (this.#child.stdout) {
      createInterface(this.#child.stdout).on('line', (line) => {
        this.#last = line;
        this.#said.set(line, this.count(line as Saying) + 1);
        this.emit('said');
      });
    }
    this.#child.once('error', () => this.emit('said'));
    this.#child.once('exit', () => this.emit('said'));
  }

  /** What it said last. @throws {SetUpError} When it has ended: by a signal that was for all of us, say. */
  get last(): string | undefined {
    if (this.#hasEnded) {
      throw new SetUpError(
        `a process of the thundering herd ended while it was ${this.#last ?? 'starting'}`,
      );
    }

    return this.#last;
  }

  /** How often it has said this. */
  count(saying: Saying): number {
    return this.#said.get(says[saying]) ?? 0;
  }

  tell(command: Wait | 'accept' | 'stop'): void {
    this.#last = undefined;
    this.#child.stdin?.write(`${command}\n`);
  }

  /** Resolves when it blocks, after it has said that it is about to. */
  async blocks(): Promise<void> {
    if (process.platform !== 'linux') {
      // Where the kernel doesn't tell, longer than a process takes from its last word to the call that blocks.
      await sleep(100);

      return;
    }
    while (!this.#hasEnded && this.#state !== 'S') {
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

  /** The letter of proc_pid_stat(5): R runs, S sleeps until it is woken. */
  get #state(): string | undefined {
    const stat = readFileSync(`/proc/${this.#child.pid}/stat`, 'latin1');

    return stat.slice(stat.lastIndexOf(')') + 2)[0];
  }
}
