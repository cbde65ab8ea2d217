import type { WorkerPool } from '../media/worker-pool.ts';
import type { Rooms } from '../rooms/rooms.ts';
import { cached } from './cached.ts';

export interface Readiness {
  /** Whether the server accepts a new room. */
  ready: boolean;
  /** Why it does not. */
  reasons: string[];
  workers: { running: number; expected: number };
}

/** A worker answers in a few milliseconds. Kubernetes gives a probe one second. */
const checkWithinMs = 800;

/** More frequent requests get the last answer, because a check costs each worker a transport. */
export const checkEveryMs = 2_000;

/** Keeps the checks' connections below the TCP demultiplexer's limit per address. */
const concurrentChecks = 32;

/** Checks whether the server accepts new rooms. The endpoint is public, so checks are cached. */
export class ReadinessCheck {
  readonly #pool: WorkerPool;
  readonly #rooms: Rooms;
  readonly #checkPorts = cached(() => this.#checkWorkers(), checkEveryMs);

  constructor({ pool, rooms }: { pool: WorkerPool; rooms: Rooms }) {
    this.#pool = pool;
    this.#rooms = rooms;
  }

  async check(): Promise<Readiness> {
    const rejection = this.#rooms.whyNoNewRoom;
    const reasons = rejection ? [rejection.message] : await this.#checkPorts();
    const { workers, expected } = this.#pool;
    return {
      ready: reasons.length === 0,
      reasons,
      workers: { running: workers.length, expected },
    };
  }

  async #checkWorkers(): Promise<string[]> {
    const problems: string[] = [];
    const { workers } = this.#pool;
    for (let first = 0; first < workers.length; first += concurrentChecks) {
      const some = workers.slice(first, first + concurrentChecks);
      const found = await Promise.all(some.map((worker) => worker.check(checkWithinMs)));
      problems.push(
        ...found.flatMap((problem, i) => (problem ? [`worker ${some[i]?.index}: ${problem}`] : [])),
      );
    }
    return problems;
  }
}
