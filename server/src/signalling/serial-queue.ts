import type { LimitName } from '../config/limits.ts';

/** The bytes that all queues of a server hold together. */
export interface QueuedBytes {
  readonly max: number;
  used: number;
}

interface SerialQueueLimits {
  /** How many jobs may wait or run: 1 or more. */
  jobs: number;
  /** A queue that holds this many bytes accepts no further job. */
  bytes: number;
  total: QueuedBytes;
}

interface Job {
  run(): Promise<void>;
  bytes: number;
}

/** Runs jobs one after another, in the order in which they were pushed. */
export class SerialQueue {
  readonly #limits: SerialQueueLimits;
  /** Those that wait, and the one that runs. */
  readonly #jobs: Job[] = [];
  #bytes = 0;
  #running: Promise<void> | undefined;
  #ended = false;

  constructor(limits: SerialQueueLimits) {
    this.#limits = limits;
  }

  /**
   * @param run - must not reject
   * @param bytes - the memory that the job holds until it is done
   * @returns the limit that was reached, when the job will not run for that reason
   */
  push(run: () => Promise<void>, bytes = 0): LimitName | undefined {
    const { jobs, bytes: maxBytes, total } = this.#limits;
    if (this.#ended) {
      return undefined;
    }
    if (this.#jobs.length >= jobs) {
      return 'waiting_requests';
    }
    if (this.#bytes >= maxBytes || total.used >= total.max) {
      return 'waiting_bytes';
    }
    this.#jobs.push({ run, bytes });
    this.#count(bytes);
    this.#running ??= this.#runAll();
    return undefined;
  }

  /** Drops the waiting jobs. Resolves when the running one is done. */
  end(): Promise<void> {
    this.#ended = true;
    for (const { bytes } of this.#jobs.splice(this.#running ? 1 : 0)) {
      this.#count(-bytes);
    }
    return this.#running ?? Promise.resolve();
  }

  async #runAll(): Promise<void> {
    // push() returns before the job begins.
    await Promise.resolve();
    let job = this.#jobs[0];
    while (job) {
      if (!this.#ended) {
        await job.run();
      }
      this.#jobs.shift();
      this.#count(-job.bytes);
      job = this.#jobs[0];
    }
    this.#running = undefined;
  }

  #count(bytes: number): void {
    this.#bytes += bytes;
    this.#limits.total.used += bytes;
  }
}
