import { setTimeout as sleep } from 'node:timers/promises';
import type { types } from 'mediasoup';
import { RateLimit } from '../net/rate-limit.ts';

/** Requests of a room at once, and per second after that. Each is a round trip to the worker. */
const burst = 500;
const perSecond = 500;

/**
 * The key frame requests that the server sends to a room's worker. A consumer has one at a time, whatever its peers do,
 * and a room has a bounded rate. Those beyond it wait their turn.
 */
export class KeyFrameRequests {
  readonly #rate = new RateLimit(burst, perSecond);
  /** In the order in which they were added. */
  readonly #waiting = new Set<types.Consumer>();
  #running = false;

  /** Requests a key frame for a video consumer, soon. */
  add(consumer: types.Consumer): void {
    this.#waiting.add(consumer);
    if (!this.#running) {
      this.#running = true;
      setImmediate(() => void this.#run());
    }
  }

  async #run(): Promise<void> {
    while (this.#waiting.size > 0) {
      const batch = this.#nextBatch();
      if (batch.length === 0) {
        await sleep(100, undefined, { ref: false });
      }
      // Waits for the worker, so that requests to one that hangs don't pile up.
      // Those whose consumer has closed meanwhile fail.
      await Promise.allSettled(batch.map((consumer) => consumer.requestKeyFrame()));
    }
    this.#running = false;
  }

  #nextBatch(): types.Consumer[] {
    const batch: types.Consumer[] = [];
    for (const consumer of this.#waiting) {
      if (!consumer.closed) {
        if (!this.#rate.take()) {
          break;
        }
        batch.push(consumer);
      }
      this.#waiting.delete(consumer);
    }
    return batch;
  }
}
