import type { types } from 'mediasoup';

/**
 * A worker's part of MEDIASOUP_MIN_PORT..MEDIASOUP_MAX_PORT. Workers don't know of each other's
 * ports, so each has a part of its own; what is left over by the division goes to the last.
 *
 * @param range - the whole range, both ends included
 * @param numWorkers - how many parts
 * @param index - which part, from 0
 */
export function portRangeOf(
  range: { minPort: number; maxPort: number },
  numWorkers: number,
  index: number,
): types.TransportPortRange {
  const size = Math.floor((range.maxPort - range.minPort + 1) / numWorkers);
  const min = range.minPort + index * size;
  return { min, max: index === numWorkers - 1 ? range.maxPort : min + size - 1 };
}
