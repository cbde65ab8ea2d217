import { byHeadroom, type Headroom } from '../media/headroom.ts';

/** How a room spreads over workers. */
export interface RoomSpread {
  /** The most workers that a room uses: 1 or more. */
  maxWorkers: number;
  /** The load of its workers from which on it grows: 0 to 1. 0: as soon as another worker has more headroom. */
  growAt: number;
}

/**
 * Selects a worker for a participant of a room. It joins others there, because each further worker costs a copy of what
 * is watched on it. The room grows once its own workers are all busy or loaded, and another worker is not.
 *
 * @param workers - all that are running
 * @param own - those that the room uses already
 * @returns undefined when none is running
 */
export function selectWorker<W extends Headroom>(
  workers: readonly W[],
  own: ReadonlySet<W>,
  { maxWorkers, growAt }: RoomSpread,
): W | undefined {
  const sorted = workers.toSorted(byHeadroom);
  const best = sorted.find((worker) => own.has(worker));
  const other = sorted.find((worker) => !own.has(worker));
  if (!best || !other) {
    return best ?? other;
  }
  const grows =
    own.size < maxWorkers &&
    (best.busy || best.load >= growAt) &&
    !other.busy &&
    byHeadroom(other, best) < 0;
  return grows ? other : best;
}
