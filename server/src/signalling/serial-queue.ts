import type { LimitName } from '../config/limits.ts';
import type { QueuedBytes } from './queued-bytes.ts';

interface SerialQueueOptions {
  /** How many jobs may wait or run: 1 or more. */
  maxJobs: number;
  /** A queue that holds this many bytes accepts no further job. */
  maxBytes: number;
  total: QueuedBytes;
  /** The client's, by which `total` compares queues. */
  address: string;
  /** Called when the queue holds the most of a full total. Its waiting jobs are dropped, and it accepts no more. */
  onEvicted(): void;
}

interface Job {
  run(): Promise<void>;
  bytes: number;
}

/** Runs jobs one after another, in the order in which they were pushed. */
export class SerialQueue {
  readonly #options: SerialQueueOptions;
  /** Those that wait, and the one that runs. */
  readonly #jobs: Job[] = [];
  #bytes = 0;
  #running: Promise<void> | undefined;
  #ended = false;

  constructor(options: SerialQueueOptions) {
    this.#options = options;
  }

  get address(): string {
    return this.#options.address;
  }

  /**
   * @param run - must not reject
   * @param bytes - the memory that the job holds until it is done
   * @returns the limit that was reached, when the job will not run for that reason
   */
  push(run: () => Promise<void>, bytes = 0): LimitName | undefined {
    const { maxJobs, maxBytes } = this.#options;
    if (this.#ended) {
      return undefined;
    }
    if (this.#jobs.length >= maxJobs) {
      return 'queued_requests';
    }
    if (this.#bytes >= maxBytes) {
      return 'queued_bytes';
    }
    this.#jobs.push({ run, bytes });
    this.#running ??= this.#runAll();
    this.#count(bytes);
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

  /** Called by `total`. */
  evict(): void {
    void this.end();
    this.#options.onEvicted();
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
    this.#options.total.count(this, bytes);
  }
}
