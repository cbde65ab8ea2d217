/** What Prometheus is told: docs/metrics.md. Labels are never ids of rooms, peers or transports. */
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

/** Between two rounds of asking transports what they carry: mediasoup tells it only of open ones. */
const sampleEveryMs = 1_000;

export class Metrics {
  readonly #registry = new Registry();
  readonly #collect: () => Promise<void>;
  readonly #sampling: NodeJS.Timeout;
  #scrape: Promise<string> | undefined;

  /** @param sources - what they tell of */
  constructor(sources: MetricsSources) {
    const { ports, pool } = sources;
    const registry = this.#registry;
    collectDefaultMetrics({ register: registry });
    const info = new Gauge({
      name: 'oneport_info',
      help: '1, and what runs.',
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

  /** All of them as text. Who asks while another is answered gets the same. */
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
