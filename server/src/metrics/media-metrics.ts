/** Workers, what they carry, and how transports come about. */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { MediaWorker } from '../media/media-worker.ts';
import type { WorkerPool } from '../media/worker-pool.ts';
import { iceFailures, type Telemetry } from '../telemetry/telemetry.ts';

export interface MediaSources {
  pool: WorkerPool;
  /** MEDIASOUP_NUM_WORKERS. */
  numWorkers: number;
  telemetry: Telemetry;
}

/** @see serverMetrics */
export function mediaMetrics(
  registry: Registry,
  { pool, numWorkers, telemetry }: MediaSources,
): () => void {
  const registers = [registry];
  const running = new Gauge({ name: 'oneport_workers', help: 'Workers that run.', registers });
  const wanted = new Gauge({
    name: 'oneport_workers_wanted',
    help: 'Workers that shall run.',
    registers,
  });
  wanted.set(numWorkers);
  const deaths = new Counter({
    name: 'oneport_worker_deaths_total',
    help: 'Workers that ended without being asked to.',
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
    help: "From a peer's DTLS parameters to DTLS connected: its ICE and DTLS handshakes.",
    buckets: [0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
    registers,
  });
  telemetry.on('dtlsConnected', (seconds) => dtls.observe(seconds));

  const failures = new Counter({
    name: 'oneport_ice_failures_total',
    help: 'Transports that a peer wanted and that came to carry nothing, or carry nothing any more.',
    labelNames: ['reason'],
    registers,
  });
  for (const reason of iceFailures) {
    failures.inc({ reason }, 0);
  }
  telemetry.on('iceFailed', (reason) => failures.inc({ reason }));
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
    help: '1: the worker has reached MAX_WORKER_CPU, or does not answer, and gets no new rooms.',
    labelNames,
    registers,
  });
  const silent = new Gauge({
    name: 'oneport_worker_silent_seconds',
    help: 'Since the worker last answered; it is asked each second.',
    labelNames,
    registers,
  });
  const rooms = new Gauge({
    name: 'oneport_worker_rooms',
    help: 'Routers of a worker: one for each of its rooms.',
    labelNames,
    registers,
  });
  const trafficLabels = ['worker', 'direction'] as const;
  const bytes = new Counter({
    name: 'oneport_media_bytes_total',
    help: 'Bytes that transports have received (in) and sent (out).',
    labelNames: trafficLabels,
    registers,
  });
  const packets = new Counter({
    name: 'oneport_media_packets_total',
    help: 'RTP packets that producers have received (in) and consumers sent (out).',
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
    help: 'What peers send.',
    labelNames,
    registers,
  });
  const consumers = new Gauge({
    name: 'oneport_consumers',
    help: 'What peers are sent.',
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
