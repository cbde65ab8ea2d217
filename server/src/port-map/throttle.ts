/** Half a second at least, and longer where one round takes long: then it takes a twentieth of the time at most. */
const leastPauseMs = 500;
const longestShare = 1 / 20;

/**
 * How long to wait before doing something again.
 *
 * @param tookMs - how long it took, 0 or more
 * @param leastMs - at least, even if it took no time
 */
export function pauseAfter(tookMs: number, leastMs = leastPauseMs): number {
  return Math.max(leastMs, tookMs / longestShare - tookMs);
}
