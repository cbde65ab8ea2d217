import { readFile } from 'node:fs/promises';
import type { types } from 'mediasoup';

export interface WorkerUsage {
  /** CPU seconds for each second: 1 is a whole core. Undefined at the first look. */
  cpu: number | undefined;
  /** Resident memory in bytes. Undefined where there is no /proc. */
  memory: number | undefined;
}

/** Looks at what a worker's process uses, again and again. */
export class WorkerUsageMeter {
  readonly #worker: types.Worker;
  #last: { at: number; cpuMs: number } | undefined;

  constructor(worker: types.Worker) {
    this.#worker = worker;
  }

  /**
   * What it has used since the last look (mediasoup API: worker.getResourceUsage(); proc_pid_status(5)).
   *
   * @throws when the worker is gone
   */
  async look(): Promise<WorkerUsage> {
    const [{ ru_utime, ru_stime }, memory] = await Promise.all([
      this.#worker.getResourceUsage(),
      residentMemory(this.#worker.pid),
    ]);
    const now = { at: performance.now(), cpuMs: ru_utime + ru_stime };
    const last = this.#last;
    this.#last = now;
    const cpu = last && (now.cpuMs - last.cpuMs) / (now.at - last.at);
    return { cpu, memory };
  }
}

/** Not getResourceUsage()'s ru_maxrss: that is the most it ever was. */
async function residentMemory(pid: number): Promise<number | undefined> {
  const status = await readFile(`/proc/${pid}/status`, 'latin1').catch(() => '');
  const kibibytes = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1];
  return kibibytes === undefined ? undefined : Number(kibibytes) * 1024;
}
