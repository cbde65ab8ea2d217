import type { Rates, WorkerRow } from '@oneport/protocol';
import type { MediaWorker } from '../media/media-worker.ts';
import type { WorkerUsage } from '../media/worker-usage.ts';
import { TrafficSampler } from './traffic-sampler.ts';

/** What a worker says of itself when it is asked, and what it said last. One that hangs isn't asked again. */
export class WorkerWatch {
  readonly worker: MediaWorker;
  readonly #sampler = new TrafficSampler();
  #usage: WorkerUsage | undefined;
  readonly #busy = { traffic: false, usage: false };

  constructor(worker: MediaWorker) {
    this.worker = worker;
  }

  /** A transport's; undefined: not known yet. */
  ratesOf(transportId: string): Rates | undefined {
    return this.#sampler.rates.get(transportId);
  }

  /** Its row, without what the port map says. */
  get row(): Omit<WorkerRow, 'transports' | 'ports' | 'portCount'> {
    const { index, worker, routers } = this.worker;
    const { cpu, memory } = this.#usage ?? {};
    return {
      key: String(index),
      index,
      pid: worker.pid,
      cpu: cpu === undefined ? null : Math.round(cpu * 1000) / 1000,
      memory: memory ?? null,
      rooms: routers,
      rates: this.#sampler.sum ?? null,
    };
  }

  /** Asks some of its transports what they carry. @param watched - ids of those that somebody looks at */
  askTraffic(watched: ReadonlySet<string>): void {
    this.#unlessBusy('traffic', () => this.#sampler.round(this.worker.traffic, watched));
  }

  /** Asks for CPU and memory. */
  askUsage(): void {
    this.#unlessBusy('usage', async () => {
      this.#usage = await this.worker.usage.look();
    });
  }

  #unlessBusy(what: 'traffic' | 'usage', ask: () => Promise<unknown>): void {
    if (this.#busy[what]) return;
    this.#busy[what] = true;
    const done = () => {
      this.#busy[what] = false;
    };
    // It may have died: then it is replaced by another, with a watch of its own.
    ask().then(done, done);
  }
}
