import { EventEmitter, once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { closeCodes } from '@oneport/protocol';
import * as mediasoup from 'mediasoup';
import { AdmissionError } from '../access/admission-error.ts';
import type { MediaPorts } from '../ports/types.ts';
import type { Logger } from '../telemetry/log.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import { byHeadroom } from './headroom.ts';
import { MediaWorker } from './media-worker.ts';
import { spawnWorker } from './spawn-worker.ts';

export interface WorkerPoolOptions {
  ports: MediaPorts;
  numWorkers: number;
  /** undefined: the program of mediasoup's own installation. */
  workerBin: string | undefined;
  /** Percent of a core from which on a worker is busy. 100: no limit. */
  maxCpu: number;
  telemetry: Telemetry;
  log: Logger;
}

/** Milliseconds that a worker may take to end before it is killed. */
const endTimeoutMs = 3_000;

/** The mediasoup workers: starts them together, and replaces them when they die. */
export class WorkerPool extends EventEmitter<{
  workerdied: [MediaWorker];
  workerstarted: [MediaWorker];
}> {
  readonly #options: WorkerPoolOptions;
  readonly #workers = new Map<number, MediaWorker>();
  /** Workers whose process may still exist. */
  readonly #processes = new Set<mediasoup.types.Worker>();
  /** Replacements of dead workers that are under way. */
  readonly #replacing = new Set<Promise<void>>();
  /** By worker index. */
  readonly #backoffs = new Map<number, RespawnBackoff>();
  readonly #stopping = new AbortController();
  /** On exit: workers end with the server, unless they hang, and process.exit() can't wait to find out. */
  readonly #killAll = () => {
    for (const { pid } of this.#processes) {
      kill(pid);
    }
  };

  private constructor(options: WorkerPoolOptions) {
    super();
    // Each peer that waits for a worker listens.
    this.setMaxListeners(0);
    this.#options = options;
    process.on('exit', this.#killAll);
  }

  /** @throws when a worker can't start or its port is in use. No worker is left running then */
  static async start(options: WorkerPoolOptions): Promise<WorkerPool> {
    const { log } = options;
    mediasoup.setLogEventListeners({
      ondebug: undefined,
      // mediasoup warns about what clients cause, such as a transport that closes during a request.
      onwarn: (namespace, text) => log.debug({ namespace }, text),
      onerror: (namespace, text) => log.warn({ namespace }, text),
    });
    const pool = new WorkerPool(options);
    try {
      for (let index = 0; index < options.numWorkers; index++) {
        await pool.#spawn(index);
      }
    } catch (error) {
      await pool.close();
      throw error;
    }
    return pool;
  }

  /** The running workers, by index. */
  get workers(): readonly MediaWorker[] {
    return [...this.#workers.values()].sort((a, b) => a.index - b.index);
  }

  /** How many workers should run. */
  get expected(): number {
    return this.#options.numWorkers;
  }

  /** Why no worker takes a new room now. */
  get whyNoNewRoom(): AdmissionError | undefined {
    const [least] = this.workers.toSorted(byHeadroom);
    if (!least) {
      return noWorkerError();
    }
    return least.busy
      ? new AdmissionError(closeCodes.tooMany, 'all workers are busy: no room can be opened now', {
          limit: 'worker_cpu',
        })
      : undefined;
  }

  /**
   * Resolves when a worker is running.
   *
   * @throws AdmissionError when none has started within the time
   */
  async untilRunning(timeoutMs: number): Promise<void> {
    if (this.#workers.size > 0) {
      return;
    }
    const signal = AbortSignal.any([this.#stopping.signal, AbortSignal.timeout(timeoutMs)]);
    await once(this, 'workerstarted', { signal }).catch(() => {
      throw noWorkerError();
    });
  }

  /** Ends all workers. Resolves when their processes have ended. */
  async close(): Promise<void> {
    this.#stopping.abort();
    const ended = this.workers.map(({ worker }) => end(worker));
    this.#workers.clear();
    await Promise.all([...ended, ...this.#replacing]);
    process.off('exit', this.#killAll);
  }

  async #spawn(index: number, event = 'worker started'): Promise<void> {
    const { ports, workerBin, maxCpu, telemetry, log } = this.#options;
    const worker = await spawnWorker(workerBin);
    this.#processes.add(worker);
    worker.once('subprocessclose', () => this.#processes.delete(worker));
    const startedAt = Date.now();
    // A worker may die before its ports are attached.
    const died = new Promise<never>((_, reject) => worker.once('died', reject));
    died.catch((error: Error) => {
      if (!this.#stopping.signal.aborted) {
        log.error(
          { workerIndex: index, workerPid: worker.pid, error: error.message },
          'worker died',
        );
      }
    });
    try {
      const mediaWorker = new MediaWorker({
        worker,
        index,
        ports: await Promise.race([ports.attach(worker, index), died]),
        maxCpu: maxCpu < 100 ? maxCpu / 100 : Number.POSITIVE_INFINITY,
        telemetry,
        log,
      });
      if (this.#stopping.signal.aborted) {
        throw new Error('stopping');
      }
      this.#workers.set(index, mediaWorker);
      this.emit('workerstarted', mediaWorker);
      died.catch(() => {
        this.#backoffOf(index).ran(Date.now() - startedAt);
        const replacing = this.#replace(mediaWorker);
        this.#replacing.add(replacing);
        void replacing.finally(() => this.#replacing.delete(replacing));
      });
    } catch (error) {
      await end(worker);
      throw error;
    }
    log.info({ workerIndex: index, workerPid: worker.pid }, event);
  }

  #backoffOf(index: number): RespawnBackoff {
    const backoff = this.#backoffs.get(index) ?? new RespawnBackoff();
    this.#backoffs.set(index, backoff);
    return backoff;
  }

  async #replace(dead: MediaWorker): Promise<void> {
    this.#workers.delete(dead.index);
    if (this.#stopping.signal.aborted) {
      return;
    }
    this.emit('workerdied', dead);
    const backoff = this.#backoffOf(dead.index);
    while (!this.#stopping.signal.aborted) {
      try {
        await sleep(backoff.next(), undefined, { signal: this.#stopping.signal });
        await this.#spawn(dead.index, 'worker restarted');
        return;
      } catch (error) {
        if (this.#stopping.signal.aborted) {
          return;
        }
        this.#options.log.error(
          { workerIndex: dead.index, error: String(error) },
          'failed to restart worker',
        );
      }
    }
  }
}

function noWorkerError(): AdmissionError {
  return new AdmissionError(closeCodes.restart, 'no worker is running');
}

/** mediasoup asks the process to end. A worker that hangs is killed. */
async function end(worker: mediasoup.types.Worker): Promise<void> {
  if (worker.subprocessClosed) {
    return;
  }
  const timer = setTimeout(() => kill(worker.pid), endTimeoutMs);
  await new Promise<void>((resolve) => {
    worker.once('subprocessclose', () => resolve());
    worker.close();
  });
  clearTimeout(timer);
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    // The process may just have ended.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') {
      throw error;
    }
  }
}

/** Milliseconds. */
const firstBackoffMs = 100;
const maxBackoffMs = 10_000;

/**
 * Exponential backoff before a dead worker is restarted, so that a worker that keeps dying doesn't take the CPU from
 * the others.
 */
export class RespawnBackoff {
  #next = 0;

  /** @param ms - milliseconds from the worker's start to its death: long enough resets the backoff */
  ran(ms: number): void {
    if (ms >= maxBackoffMs) {
      this.#next = 0;
    }
  }

  /** @returns milliseconds to wait, from 0, after the worker's death or a failed start */
  next(): number {
    const backoff = this.#next;
    this.#next = Math.min(Math.max(firstBackoffMs, 2 * backoff), maxBackoffMs);
    return backoff;
  }
}
