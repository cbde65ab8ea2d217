import { readFile } from 'node:fs/promises';
import type { types } from 'mediasoup';

/** Milliseconds. */
const times = { every: 1_000, window: 5_000 };

/** A worker that was busy is so until it has fallen this far below: else it would change with each look. */
const freeBelow = 0.9;

interface Look {
  at: number;
  cpuMs: number;
}

/** Looks at what a worker's process uses, once a second for as long as it lives. */
export class WorkerUsage {
  readonly #worker: types.Worker;
  readonly #maxCpu: number;
  /** Those of the last five seconds, and one from before them. */
  readonly #looks: Look[] = [];
  #memory: number | undefined;
  #busy = false;
  #answeredAt = performance.now();
  #asking = false;

  /**
   * @param worker - whose
   * @param maxCpu - from what on it counts as busy: 1 is a whole core
   */
  constructor(worker: types.Worker, maxCpu: number) {
    this.#worker = worker;
    this.#maxCpu = maxCpu;
    const looking = setInterval(() => this.#look(), times.every).unref();
    worker.observer.once('close', () => clearInterval(looking));
    this.#look();
  }

  /** CPU seconds for each second, of the last one: 1 is a whole core. undefined: not known yet. */
  get cpu(): number | undefined {
    return between(this.#looks.at(-2), this.#looks.at(-1));
  }

  /** The same of the last five: what decides about new rooms. */
  get sustainedCpu(): number | undefined {
    return between(this.#looks[0], this.#looks.at(-1));
  }

  /** CPU seconds since it was started. */
  get cpuSeconds(): number {
    return (this.#looks.at(-1)?.cpuMs ?? 0) / 1000;
  }

  /** Resident memory in bytes. undefined: not known yet, or no /proc here. */
  get memory(): number | undefined {
    return this.#memory;
  }

  /** Whether it has reached the most that it may use and still be given more, or hasn't answered for as long. */
  get busy(): boolean {
    return this.#busy || this.silentSeconds * 1000 > times.window;
  }

  /** Since it last answered: more than a second or two, and it hangs. */
  get silentSeconds(): number {
    return (performance.now() - this.#answeredAt) / 1000;
  }

  /** Asks it (mediasoup API: worker.getResourceUsage(); proc_pid_status(5)). One that hangs isn't asked again. */
  #look(): void {
    if (this.#asking) {
      return;
    }
    this.#asking = true;
    Promise.all([this.#worker.getResourceUsage(), residentMemory(this.#worker.pid)])
      .then(([{ ru_utime, ru_stime }, memory]) => {
        this.#memory = memory;
        this.#add({ at: performance.now(), cpuMs: ru_utime + ru_stime });
      })
      // It has gone.
      .catch(() => {})
      .finally(() => {
        this.#asking = false;
      });
  }

  #add(look: Look): void {
    const looks = this.#looks;
    looks.push(look);
    this.#answeredAt = look.at;
    while (looks[1] && look.at - looks[1].at >= times.window) {
      looks.shift();
    }
    const seen = look.at - (looks[0]?.at ?? look.at);
    // What it takes to start, or to open a room, is no load.
    if (seen < times.window) {
      return;
    }
    const most = this.#busy ? freeBelow * this.#maxCpu : this.#maxCpu;
    this.#busy = (this.sustainedCpu ?? 0) >= most;
  }
}

function between(first: Look | undefined, last: Look | undefined): number | undefined {
  if (!first || !last || first === last) {
    return undefined;
  }
  return (last.cpuMs - first.cpuMs) / (last.at - first.at);
}

/** Not getResourceUsage()'s ru_maxrss: that is the most it ever was. */
async function residentMemory(pid: number): Promise<number | undefined> {
  const status = await readFile(`/proc/${pid}/status`, 'latin1').catch(() => '');
  const kibibytes = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1];
  return kibibytes === undefined ? undefined : Number(kibibytes) * 1024;
}
