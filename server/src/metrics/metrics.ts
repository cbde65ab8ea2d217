/** The metrics of docs/metrics.md. Labels never have ids of rooms, peers or transports, whose number is unbounded. */
import * as mediasoup from 'mediasoup';
import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import packageJson from '../../package.json' with { type: 'json' };
import type { MediaPorts } from '../ports/types.ts';
import { type MediaSources, mediaMetrics } from './media-metrics.ts';
import { portMetrics } from './port-metrics.ts';
import { type ServerSources, serverMetrics } from './server-metrics.ts';

export interface MetricsSources extends ServerSources, MediaSources {
  ports: MediaPorts;
}

/** Transports are sampled all the time, because mediasoup has no counters of closed ones. */
const sampleEveryMs = 1_000;

export class Metrics {
  readonly #registry = new Registry();
  readonly #collect: () => Promise<void>;
  readonly #sampling: NodeJS.Timeout;
  #scrape: Promise<string> | undefined;

  constructor(sources: MetricsSources) {
    const { ports, pool } = sources;
    const registry = this.#registry;
    collectDefaultMetrics({ register: registry });
    const info = new Gauge({
      name: 'oneport_info',
      help: 'Always 1; the labels have the versions.',
      labelNames: ['version', 'mediasoup', 'port_mode'],
      registers: [registry],
    });
    info.set(
      { version: packageJson.version, mediasoup: mediasoup.version, port_mode: ports.mode },
      1,
    );
    const server = serverMetrics(registry, sources);
    const media = mediaMetrics(registry, sources);
    const port = portMetrics(registry, ports);
    this.#collect = async () => {
      server();
      media();
      await port();
    };
    this.#sampling = setInterval(() => {
      for (const { sampler, traffic } of pool.workers) {
        void sampler.sample(traffic, new Set());
      }
    }, sampleEveryMs).unref();
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  /** @returns all metrics in the text format; concurrent calls share one collection */
  scrape(): Promise<string> {
    this.#scrape ??= this.#collect()
      .then(() => this.#registry.metrics())
      .finally(() => {
        this.#scrape = undefined;
      });
    return this.#scrape;
  }

  close(): void {
    clearInterval(this.#sampling);
    this.#registry.clear();
  }
}
