import { readFile } from 'node:fs/promises';
import type { types } from 'mediasoup';

/** Milliseconds. */
const sampleIntervalMs = 1_000;
const windowMs = 5_000;

/** A busy worker stays busy until its CPU use is below this share of the limit: otherwise it would flap. */
const freeBelow = 0.9;

interface Sample {
  at: number;
  cpuMs: number;
}

/** Samples the CPU and memory use of a worker's process once a second. */
export class WorkerUsage {
  readonly #worker: types.Worker;
  readonly #maxCpu: number;
  /** Of the last five seconds, and one from before them. */
  readonly #samples: Sample[] = [];
  #share = 0;
  #memory: number | undefined;
  #busy = false;
  #answeredAt = performance.now();
  #sampling = false;

  /** @param maxCpu - the CPU use from which on the worker counts as busy: 1 is a whole core */
  constructor(worker: types.Worker, maxCpu: number) {
    this.#worker = worker;
    this.#maxCpu = maxCpu;
    const timer = setInterval(() => this.#sample(), sampleIntervalMs).unref();
    worker.observer.once('close', () => clearInterval(timer));
    this.#sample();
  }

  /** CPU use over the last second: 1 is a whole core. undefined: not known yet. */
  get cpu(): number | undefined {
    return cpuBetween(this.#samples.at(-2), this.#samples.at(-1));
  }

  /** CPU use over the last five seconds as a share of the limit, or of a core where there is none. 0: not known yet. */
  get share(): number {
    return this.#share;
  }

  /** CPU seconds since the worker was started. */
  get cpuSeconds(): number {
    return (this.#samples.at(-1)?.cpuMs ?? 0) / 1000;
  }

  /** Resident memory in bytes. undefined: not known yet, or the system has no /proc. */
  get memory(): number | undefined {
    return this.#memory;
  }

  /** Whether the worker's CPU use has reached the limit, or it has not answered for five seconds. */
  get busy(): boolean {
    return this.#busy || this.silentSeconds * 1000 > windowMs;
  }

  /** Since the worker last answered: it hangs when this exceeds a second or two. */
  get silentSeconds(): number {
    return (performance.now() - this.#answeredAt) / 1000;
  }

  /** Makes no further request while the last one is unanswered. */
  #sample(): void {
    if (this.#sampling) {
      return;
    }
    this.#sampling = true;
    Promise.all([this.#worker.getResourceUsage(), residentMemory(this.#worker.pid)])
      .then(([{ ru_utime, ru_stime }, memory]) => {
        this.#memory = memory;
        this.#add({ at: performance.now(), cpuMs: ru_utime + ru_stime });
      })
      // The worker has died.
      .catch(() => {})
      .finally(() => {
        this.#sampling = false;
      });
  }

  #add(sample: Sample): void {
    const samples = this.#samples;
    samples.push(sample);
    this.#answeredAt = sample.at;
    while (samples[1] && sample.at - samples[1].at >= windowMs) {
      samples.shift();
    }
    const covered = sample.at - (samples[0]?.at ?? sample.at);
    // Starting a worker or opening a room uses CPU, but is no sustained load.
    if (covered < windowMs) {
      return;
    }
    const cpu = cpuBetween(samples[0], sample) ?? 0;
    this.#share = cpu / Math.min(this.#maxCpu, 1);
    this.#busy = cpu >= (this.#busy ? freeBelow * this.#maxCpu : this.#maxCpu);
  }
}

function cpuBetween(first: Sample | undefined, last: Sample | undefined): number | undefined {
  if (!first || !last || first === last) {
    return undefined;
  }
  return (last.cpuMs - first.cpuMs) / (last.at - first.at);
}

/** From proc_pid_status(5): the ru_maxrss of getResourceUsage() is the maximum so far. */
async function residentMemory(pid: number): Promise<number | undefined> {
  const status = await readFile(`/proc/${pid}/status`, 'latin1').catch(() => '');
  const kibibytes = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1];
  return kibibytes === undefined ? undefined : Number(kibibytes) * 1024;
}
