import type { MediaWorker } from '../media/media-worker.ts';
import type { WorkerPool } from '../media/worker-pool.ts';
import type { Inspection, MediaPorts, PortMap } from '../ports/types.ts';
import type { Rooms } from '../rooms/rooms.ts';
import type { Logger } from '../telemetry/log.ts';
import { buildRows, workerRow } from './rows.ts';
import type { Viewer } from './viewer.ts';

export interface LiveViewOptions {
  ports: MediaPorts;
  pool: WorkerPool;
  rooms: Rooms;
  log: Logger;
}

const showEveryMs = 500;
const inspectEveryMs = 1_000;

/** A round may take a twentieth of the time at most. */
const longestShare = 1 / 20;

/**
 * @param tookMs - how long a round took, 0 or more
 * @param leastMs - the shortest pause
 * @returns milliseconds to wait before the next round
 */
export function pauseAfter(tookMs: number, leastMs = showEveryMs): number {
  return Math.max(leastMs, tookMs / longestShare - tookMs);
}

/**
 * Sends viewers what is known, at most twice a second. Workers are asked separately and only while there is a viewer,
 * so that a slow worker delays no update.
 */
export class LiveView {
  readonly #options: LiveViewOptions;
  readonly #viewers = new Set<Viewer>();
  readonly #nextAt = { show: 0, inspect: 0 };
  #inspection: Inspection | undefined;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: LiveViewOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#viewers.size;
  }

  add(viewer: Viewer): void {
    this.#viewers.add(viewer);
    if (!this.#timer) {
      this.#schedule();
    }
  }

  remove(viewer: Viewer): void {
    this.#viewers.delete(viewer);
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  #schedule(): void {
    this.#timer = undefined;
    if (this.#closed || this.#viewers.size === 0) {
      return;
    }
    const wait = Math.max(0, this.#nextAt.show - performance.now());
    this.#timer = setTimeout(() => {
      this.#round()
        .catch((error) => this.#logError(error))
        .finally(() => this.#schedule());
    }, wait);
  }

  async #round(): Promise<void> {
    const started = performance.now();
    const map = await this.#options.ports.snapshot();
    const { workers } = this.#options.pool;
    this.#show(map, workers);
    const ended = performance.now();
    this.#nextAt.show = ended + pauseAfter(ended - started);
    this.#ask(workers);
  }

  #show(map: PortMap, workers: readonly MediaWorker[]): void {
    const { rooms } = this.#options;
    const { open } = rooms;
    const rows = buildRows({
      map,
      rooms: rooms.size,
      inspection: this.#inspection,
      workers: workers.map(workerRow),
      ratesOf: (id, workerIndex) =>
        workers.find(({ index }) => index === workerIndex)?.sampler.rates.get(id),
      displayNameOf: (roomId, peerId) => open.get(roomId)?.participant(peerId)?.info?.displayName,
    });
    const at = Date.now();
    for (const viewer of this.#viewers) {
      viewer.show(rows, at);
    }
  }

  /** Starts what is due, without waiting: a worker that hangs must not hold up the others. */
  #ask(workers: readonly MediaWorker[]): void {
    const now = performance.now();
    const watched = new Set([...this.#viewers].flatMap(({ visible }) => visible));
    for (const { sampler, traffic } of workers) {
      void sampler.sample(traffic, watched);
    }
    if (now >= this.#nextAt.inspect) {
      this.#nextAt.inspect = Number.POSITIVE_INFINITY;
      this.#inspect()
        .catch((error) => this.#logError(error))
        .finally(() => {
          const took = performance.now() - now;
          this.#nextAt.inspect = performance.now() + pauseAfter(took, inspectEveryMs);
        });
    }
  }

  async #inspect(): Promise<void> {
    this.#inspection = await this.#options.ports.inspect();
  }

  #logError(error: unknown): void {
    if (!this.#closed) {
      this.#options.log.error({ error: String(error) }, 'failed to update the port map');
    }
  }
}
