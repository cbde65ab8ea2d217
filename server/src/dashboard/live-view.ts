import type { Logger } from '../log.ts';
import type { MediaWorker } from '../media/media-worker.ts';
import type { WorkerPool } from '../media/worker-pool.ts';
import type { MediaPorts } from '../ports/media-ports.ts';
import type { PortMap } from '../ports/port-map.ts';
import type { Inspection } from '../ports/received.ts';
import type { Rooms } from '../rooms/rooms.ts';
import { pauseAfter } from './pace.ts';
import { paint } from './picture.ts';
import type { Viewer } from './viewer.ts';
import { WorkerWatch } from './worker-watch.ts';

export interface LiveViewOptions {
  ports: MediaPorts;
  pool: WorkerPool;
  rooms: Rooms;
  log: Logger;
}

/** Between two inspections, and two looks at what workers use. */
const inspectEveryMs = 1_000;

/**
 * Shows viewers what there is, twice a second at most. What takes asking the workers is asked beside it, at its own
 * pace, and only while somebody looks; what is shown is what is known.
 */
export class LiveView {
  readonly #options: LiveViewOptions;
  readonly #viewers = new Set<Viewer>();
  readonly #watches = new WeakMap<MediaWorker, WorkerWatch>();
  readonly #nextAt = { show: 0, inspect: 0, usage: 0 };
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
    if (!this.#timer) this.#schedule();
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
    if (this.#closed || this.#viewers.size === 0) return;
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
    const watches = this.#options.pool.workers.map((worker) => this.#watchOf(worker));
    this.#show(map, watches);
    const ended = performance.now();
    this.#nextAt.show = ended + pauseAfter(ended - started);
    this.#ask(watches);
  }

  #show(map: PortMap, watches: WorkerWatch[]): void {
    const picture = paint({
      map,
      rooms: this.#options.rooms.size,
      inspection: this.#inspection,
      workers: watches.map(({ row }) => row),
      ratesOf: (id, index) => watches.find(({ worker }) => worker.index === index)?.ratesOf(id),
    });
    const at = Date.now();
    for (const viewer of this.#viewers) viewer.show(picture, at);
  }

  /** Starts what is due. Nothing is waited for: a worker that hangs shall not stop the rest. */
  #ask(watches: WorkerWatch[]): void {
    const now = performance.now();
    const watched = new Set([...this.#viewers].flatMap(({ visible }) => visible));
    for (const watch of watches) watch.askTraffic(watched);
    if (now >= this.#nextAt.usage) {
      this.#nextAt.usage = now + inspectEveryMs;
      for (const watch of watches) watch.askUsage();
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

  #watchOf(worker: MediaWorker): WorkerWatch {
    const watch = this.#watches.get(worker) ?? new WorkerWatch(worker);
    this.#watches.set(worker, watch);
    return watch;
  }

  #complain(error: unknown): void {
    if (!this.#closed) this.#options.log.error({ error: String(error) }, 'port map incomplete');
  }
}
