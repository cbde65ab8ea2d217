/**
 * The consumers of a worker that count as a full load. mediasoup's own figure is "over 500"
 * (mediasoup.org, documentation/v3/scalability); how much CPU a consumer takes depends on its bitrate.
 */
export const consumersPerWorker = 500;

/** The state of a worker that decides whether a room or a peer is placed on it. */
export interface Headroom {
  /** It exceeds MAX_WORKER_CPU, or does not answer. */
  readonly busy: boolean;
  /** From 0. 1 is full by CPU or by consumers, whichever is more. */
  readonly load: number;
  /** Includes those that are about to be created. */
  readonly expectedTransports: number;
  readonly routers: number;
}

/** Smaller differences of load are noise: transports decide then. */
const loadStep = 0.1;

/** A comparison for sorting: the worker with the most headroom comes first. */
export function byHeadroom(a: Headroom, b: Headroom): number {
  const step = ({ load }: Headroom) => Math.floor(load / loadStep);
  return (
    Number(a.busy) - Number(b.busy) ||
    step(a) - step(b) ||
    a.expectedTransports - b.expectedTransports ||
    a.routers - b.routers
  );
}
