/** Metrics of workers, their load and traffic, and of how transports connect. */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { mediaCodecs } from '../media/codecs.ts';
import type { MediaWorker } from '../media/media-worker.ts';
import type { WorkerPool } from '../media/worker-pool.ts';
import { iceFailures, type Telemetry } from '../telemetry/telemetry.ts';

export interface MediaSources {
  pool: WorkerPool;
  numWorkers: number;
  telemetry: Telemetry;
}

/** @returns updates the metrics before a scrape */
export function mediaMetrics(
  registry: Registry,
  { pool, numWorkers, telemetry }: MediaSources,
): () => void {
  const registers = [registry];
  const running = new Gauge({ name: 'oneport_workers', help: 'Running workers.', registers });
  const configured = new Gauge({
    name: 'oneport_workers_wanted',
    help: 'Configured number of workers.',
    registers,
  });
  configured.set(numWorkers);
  const deaths = new Counter({
    name: 'oneport_worker_deaths_total',
    help: 'Workers that died.',
    registers,
  });
  pool.on('workerdied', () => deaths.inc());
  transportMetrics(registers, telemetry);
  const collectWorkers = workerMetrics(registers);
  const collectStreams = streamMetrics(registers);

  return () => {
    const { workers } = pool;
    running.set(workers.length);
    collectWorkers(workers);
    collectStreams(workers);
  };
}

function transportMetrics(registers: Registry[], telemetry: Telemetry): void {
  const dtls = new Histogram({
    name: 'oneport_dtls_connected_seconds',
    help: "Time from a peer's DTLS parameters to DTLS connected: the ICE and DTLS handshakes.",
    buckets: [0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
    registers,
  });
  telemetry.on('dtlsConnected', (seconds) => dtls.observe(seconds));

  const failures = new Counter({
    name: 'oneport_ice_failures_total',
    help: 'Transports that failed to connect or lost connectivity.',
    labelNames: ['reason'],
    registers,
  });
  for (const reason of iceFailures) {
    failures.inc({ reason }, 0);
  }
  telemetry.on('iceFailed', (reason) => failures.inc({ reason }));

  const mismatches = new Counter({
    name: 'oneport_codec_mismatches_total',
    help: 'Producers of which a peer supports no codec, once for each such peer.',
    labelNames: ['codec'],
    registers,
  });
  telemetry.on('noCommonCodec', (codec) => mismatches.inc({ codec }));

  const consumeFailures = new Counter({
    name: 'oneport_consume_failures_total',
    help: 'Producers that the client of a peer failed to receive, once for each such peer.',
    labelNames: ['codec'],
    registers,
  });
  telemetry.on('consumeFailed', (codec) => consumeFailures.inc({ codec }));

  for (const { mimeType } of mediaCodecs) {
    const codec = mimeType.split('/')[1] ?? '';
    mismatches.inc({ codec }, 0);
    consumeFailures.inc({ codec }, 0);
  }
}

function workerMetrics(registers: Registry[]): (workers: readonly MediaWorker[]) => void {
  const labelNames = ['worker'] as const;
  const cpuSeconds = new Counter({
    name: 'oneport_worker_cpu_seconds_total',
    help: 'CPU time of a worker.',
    labelNames,
    registers,
  });
  const memory = new Gauge({
    name: 'oneport_worker_memory_bytes',
    help: 'Resident memory of a worker.',
    labelNames,
    registers,
  });
  const busy = new Gauge({
    name: 'oneport_worker_busy',
    help: '1 if no room is opened on the worker or grows onto it, because it exceeds MAX_WORKER_CPU or does not answer.',
    labelNames,
    registers,
  });
  const silent = new Gauge({
    name: 'oneport_worker_silent_seconds',
    help: 'Time since the worker last answered; it is asked every second.',
    labelNames,
    registers,
  });
  const rooms = new Gauge({
    name: 'oneport_worker_rooms',
    help: 'Routers of a worker, one for each room that uses it.',
    labelNames,
    registers,
  });
  const trafficLabels = ['worker', 'direction'] as const;
  const bytes = new Counter({
    name: 'oneport_media_bytes_total',
    help: 'Bytes received (in) and sent (out) by transports.',
    labelNames: trafficLabels,
    registers,
  });
  const packets = new Counter({
    name: 'oneport_media_packets_total',
    help: 'RTP packets received by producers (in) and sent by consumers (out).',
    labelNames: trafficLabels,
    registers,
  });
  return (workers) => {
    for (const metric of [cpuSeconds, memory, busy, silent, rooms, bytes, packets]) {
      metric.reset();
    }
    for (const { index, usage, routers, sampler } of workers) {
      const worker = String(index);
      cpuSeconds.inc({ worker }, usage.cpuSeconds);
      if (usage.memory !== undefined) {
        memory.set({ worker }, usage.memory);
      }
      busy.set({ worker }, Number(usage.busy));
      silent.set({ worker }, usage.silentSeconds);
      rooms.set({ worker }, routers);
      const { bytesIn, bytesOut, packetsIn, packetsOut } = sampler.totals;
      bytes.inc({ worker, direction: 'in' }, bytesIn);
      bytes.inc({ worker, direction: 'out' }, bytesOut);
      packets.inc({ worker, direction: 'in' }, packetsIn);
      packets.inc({ worker, direction: 'out' }, packetsOut);
    }
  };
}

function streamMetrics(registers: Registry[]): (workers: readonly MediaWorker[]) => void {
  const labelNames = ['kind'] as const;
  const producers = new Gauge({
    name: 'oneport_producers',
    help: 'Producers.',
    labelNames,
    registers,
  });
  const consumers = new Gauge({
    name: 'oneport_consumers',
    help: 'Consumers.',
    labelNames,
    registers,
  });
  return (workers) => {
    for (const kind of ['audio', 'video']) {
      producers.set({ kind }, 0);
      consumers.set({ kind }, 0);
    }
    for (const { traffic } of workers) {
      for (const transport of traffic.values()) {
        for (const { kind } of transport.producers) {
          producers.inc({ kind });
        }
        for (const { kind } of transport.consumers) {
          consumers.inc({ kind });
        }
      }
    }
  };
}
