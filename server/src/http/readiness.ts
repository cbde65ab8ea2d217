import type { WorkerPool } from '../media/worker-pool.ts';
import type { Rooms } from '../rooms/rooms.ts';

export interface Readiness {
  /** Whether a new room would be taken. */
  ready: boolean;
  /** Why not. */
  reasons: string[];
  workers: { running: number; expected: number };
}

/** A worker answers in a few milliseconds. Kubernetes gives a probe one second. */
const checkWithinMs = 800;

/** Whoever asks more often gets the last answer again: a check costs each worker a transport. */
export const checkEveryMs = 2_000;

/** So that they don't use up what the TCP front grants one address. */
const checkedAtOnce = 32;

/** Whether the server can take rooms. Anybody may ask as often as they like. */
export class ReadinessCheck {
  readonly #pool: WorkerPool;
  readonly #rooms: Rooms;
  #problems: Promise<string[]> = Promise.resolve([]);
  #nextAt = 0;

  constructor({ pool, rooms }: { pool: WorkerPool; rooms: Rooms }) {
    this.#pool = pool;
    this.#rooms = rooms;
  }

  async look(): Promise<Readiness> {
    const refusal = this.#rooms.whyNoNewRoom;
    const reasons = refusal ? [refusal.message] : await this.#checkPorts();
    const { workers, expected } = this.#pool;
    return {
      ready: reasons.length === 0,
      reasons,
      workers: { running: workers.length, expected },
    };
  }

  #checkPorts(): Promise<string[]> {
    if (performance.now() >= this.#nextAt) {
      // Not before this one has ended, and then a while.
      this.#nextAt = Number.POSITIVE_INFINITY;
      this.#problems = this.#checkWorkers().finally(() => {
        this.#nextAt = performance.now() + checkEveryMs;
      });
    }
    return this.#problems;
  }

  async #checkWorkers(): Promise<string[]> {
    const problems: string[] = [];
    const { workers } = this.#pool;
    for (let first = 0; first < workers.length; first += checkedAtOnce) {
      const some = workers.slice(first, first + checkedAtOnce);
      const found = await Promise.all(some.map((worker) => worker.check(checkWithinMs)));
      problems.push(
        ...found.flatMap((problem, i) => (problem ? [`worker ${some[i]?.index}: ${problem}`] : [])),
      );
    }
    return problems;
  }
}
