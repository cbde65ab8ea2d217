import type { WorkerRow } from '@oneport/protocol';
import type { MediaWorker } from '../media/media-worker.ts';

/** A worker's row, without what the port map says. */
export function workerRow({
  index,
  worker,
  usage,
  routers,
  traffic,
  sampler,
}: MediaWorker): Omit<WorkerRow, 'transports' | 'ports' | 'portCount'> {
  const { cpu, memory } = usage;
  return {
    key: String(index),
    index,
    pid: worker.pid,
    cpu: cpu === undefined ? null : Math.round(cpu * 1000) / 1000,
    memory: memory ?? null,
    rooms: routers,
    // None of its transports carries anything when it has none: that is known. Else they must be asked first.
    rates: sampler.rates.size === 0 && traffic.size > 0 ? null : sampler.sum,
  };
}
