import { EventEmitter, once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { closeCodes } from '@oneport/protocol';
import * as mediasoup from 'mediasoup';
import { AdmissionError } from '../config/admission-error.ts';
import type { MediaPorts } from '../ports/types.ts';
import type { Logger } from '../telemetry/log.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import { MediaWorker } from './media-worker.ts';
import { RespawnPause } from './respawn-pause.ts';
import { spawnWorker } from './spawn-worker.ts';

export interface WorkerPoolOptions {
  ports: MediaPorts;
  numWorkers: number;
  /** Undefined: the program of mediasoup's own installation. */
  workerBin: string | undefined;
  /** Percent of a core from which on a worker gets no new rooms; 100: it always does. */
  maxCpu: number;
  telemetry: Telemetry;
  log: Logger;
}

/** How long a worker may take to end by itself. */
const endWithinMs = 3_000;

/** The mediasoup workers: started together, replaced when they die, chosen by load. */
export class WorkerPool extends EventEmitter<{
  workerdied: [MediaWorker];
  workerstarted: [MediaWorker];
}> {
  readonly #options: WorkerPoolOptions;
  readonly #workers = new Map<number, MediaWorker>();
  /** Those whose process may still be there. */
  readonly #processes = new Set<mediasoup.types.Worker>();
  /** Dead workers that are being replaced. */
  readonly #replacing = new Set<Promise<void>>();
  /** By the worker's index: it outlives the worker. */
  readonly #pauses = new Map<number, RespawnPause>();
  readonly #stopping = new AbortController();
  /** Workers end with us by themselves, unless they hang: process.exit() can't wait until that shows. */
  readonly #killAll = () => {
    for (const { pid } of this.#processes) {
      kill(pid);
    }
  };

  private constructor(options: WorkerPoolOptions) {
    super();
    this.#options = options;
    process.on('exit', this.#killAll);
  }

  /**
   * Starts all workers.
   *
   * @throws when a worker can't start or its ports are taken; none is left running then
   */
  static async start(options: WorkerPoolOptions): Promise<WorkerPool> {
    const { log } = options;
    mediasoup.setLogEventListeners({
      ondebug: undefined,
      // It warns of what peers cause, such as a transport that closes while something is made on it.
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

  /** Those that run, by their index. */
  get workers(): readonly MediaWorker[] {
    return [...this.#workers.values()].sort((a, b) => a.index - b.index);
  }

  /** How many there are when all is well. */
  get expected(): number {
    return this.#options.numWorkers;
  }

  /** Why a new room can't be given to any worker now: what `forNewRoom` throws. undefined: it can. */
  get whyNoNewRoom(): AdmissionError | undefined {
    const [least] = this.#byLoad();
    if (!least) {
      return new AdmissionError(closeCodes.restart, 'no worker is running');
    }
    return least.usage.busy
      ? new AdmissionError(closeCodes.tooMany, 'all workers are busy: no room can be opened now', {
          limit: 'worker_cpu',
        })
      : undefined;
  }

  /**
   * The worker with the fewest transports, and of those the one with the fewest rooms; a busy one if there is no other.
   *
   * @param transports - how many are about to be made there
   * @throws AdmissionError when no worker is running
   */
  leastLoaded(transports: number): MediaWorker {
    const [least] = this.#byLoad();
    if (!least) {
      throw new AdmissionError(closeCodes.restart, 'no worker is running');
    }
    least.expect(transports);
    return least;
  }

  /**
   * Where a new room shall be: the same, but none whose CPU use has reached MAX_WORKER_CPU. (A room that has
   * lost its worker goes wherever there is one: its peers are in a call.)
   *
   * @param transports - how many are about to be made there
   * @throws AdmissionError when no worker is running, or all are busy
   */
  forNewRoom(transports: number): MediaWorker {
    const reason = this.whyNoNewRoom;
    if (reason) {
      throw reason;
    }
    return this.leastLoaded(transports);
  }

  /**
   * leastLoaded(), but waits for a worker if there is none.
   *
   * @param transports - how many are about to be made there
   * @param withinMs - milliseconds
   * @throws AdmissionError when none has started by then
   */
  async nextLeastLoaded(transports: number, withinMs: number): Promise<MediaWorker> {
    if (this.#workers.size === 0) {
      const signal = AbortSignal.any([this.#stopping.signal, AbortSignal.timeout(withinMs)]);
      // What it rejects with says less than `leastLoaded` does.
      await once(this, 'workerstarted', { signal }).catch(() => undefined);
    }
    return this.leastLoaded(transports);
  }

  /** Those that are busy come last. */
  #byLoad(): MediaWorker[] {
    const busy = (worker: MediaWorker) => Number(worker.usage.busy);
    return this.workers.toSorted(
      (a, b) => busy(a) - busy(b) || a.load - b.load || a.routers - b.routers,
    );
  }

  /** Ends all workers, and waits until their processes are gone. */
  async close(): Promise<void> {
    this.#stopping.abort();
    const ended = this.workers.map(({ worker }) => end(worker));
    this.#workers.clear();
    await Promise.all([...ended, ...this.#replacing]);
    process.off('exit', this.#killAll);
  }

  async #spawn(index: number): Promise<void> {
    const { ports, workerBin, maxCpu, telemetry, log } = this.#options;
    const worker = await spawnWorker(workerBin);
    this.#processes.add(worker);
    worker.once('subprocessclose', () => this.#processes.delete(worker));
    const started = Date.now();
    // Before the ports are there: a worker may die at any time.
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
        this.#pauseOf(index).lived(Date.now() - started);
        const replacing = this.#replace(mediaWorker);
        this.#replacing.add(replacing);
        void replacing.finally(() => this.#replacing.delete(replacing));
      });
    } catch (error) {
      await end(worker);
      throw error;
    }
    log.info({ workerIndex: index, workerPid: worker.pid }, 'worker started');
  }

  #pauseOf(index: number): RespawnPause {
    const pause = this.#pauses.get(index) ?? new RespawnPause();
    this.#pauses.set(index, pause);
    return pause;
  }

  async #replace(dead: MediaWorker): Promise<void> {
    this.#workers.delete(dead.index);
    if (this.#stopping.signal.aborted) {
      return;
    }
    this.emit('workerdied', dead);
    const pause = this.#pauseOf(dead.index);
    while (!this.#stopping.signal.aborted) {
      const pauseMs = pause.next();
      try {
        await sleep(pauseMs, undefined, { signal: this.#stopping.signal });
        await this.#spawn(dead.index);
        return;
      } catch (error) {
        if (this.#stopping.signal.aborted) {
          return;
        }
        this.#options.log.error(
          { workerIndex: dead.index, error: String(error) },
          'worker could not be started again',
        );
      }
    }
  }
}

/** mediasoup asks the process to end; one that hangs would stay behind. */
async function end(worker: mediasoup.types.Worker): Promise<void> {
  if (worker.subprocessClosed) {
    return;
  }
  const patience = setTimeout(() => kill(worker.pid), endWithinMs);
  await new Promise<void>((resolve) => {
    worker.once('subprocessclose', () => resolve());
    worker.close();
  });
  clearTimeout(patience);
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    // It may just have ended by itself.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') {
      throw error;
    }
  }
}
