import type { MediaWorker } from '../media/media-worker.ts';
import type { WorkerPool } from '../media/worker-pool.ts';
import type { Inspection, MediaPorts, PortMap } from '../ports/types.ts';
import type { Rooms } from '../rooms/rooms.ts';
import type { Logger } from '../telemetry/log.ts';
import { paint } from './rows.ts';
import { pauseAfter } from './throttle.ts';
import type { Viewer } from './viewer.ts';
import { workerRow } from './worker-row.ts';

export interface LiveViewOptions {
  ports: MediaPorts;
  pool: WorkerPool;
  rooms: Rooms;
  log: Logger;
}

/** Between two inspections. */
const inspectEveryMs = 1_000;

/**
 * Shows viewers what there is, twice a second at most. What takes asking the workers is asked beside it, at its own
 * pace, and only while somebody looks; what is shown is what is known.
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
        .catch((error) => this.#complain(error))
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
    const picture = paint({
      map,
      rooms: rooms.size,
      inspection: this.#inspection,
      workers: workers.map(workerRow),
      ratesOf: (id, workerIndex) =>
        workers.find(({ index }) => index === workerIndex)?.sampler.rates.get(id),
      nameOf: (roomId, peerId) => open.get(roomId)?.peer(peerId)?.displayName,
    });
    const at = Date.now();
    for (const viewer of this.#viewers) {
      viewer.show(picture, at);
    }
  }

  /** Starts what is due. Nothing is waited for: a worker that hangs shall not stop the rest. */
  #ask(workers: readonly MediaWorker[]): void {
    const now = performance.now();
    const watched = new Set([...this.#viewers].flatMap(({ visible }) => visible));
    for (const { sampler, traffic } of workers) {
      void sampler.roundUnlessBusy(traffic, watched);
    }
    if (now >= this.#nextAt.inspect) {
      this.#nextAt.inspect = Number.POSITIVE_INFINITY;
      this.#inspect()
        .catch((error) => this.#complain(error))
        .finally(() => {
          const took = performance.now() - now;
          this.#nextAt.inspect = performance.now() + pauseAfter(took, inspectEveryMs);
        });
    }
  }

  async #inspect(): Promise<void> {
    this.#inspection = await this.#options.ports.inspect();
  }

  #complain(error: unknown): void {
    if (!this.#closed) {
      this.#options.log.error({ error: String(error) }, 'port map incomplete');
    }
  }
}
