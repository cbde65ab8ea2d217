/** How long to wait before the next attempt to connect: exponential backoff with full jitter. */

const longest = 10_000;

/** Why the last attempt ended decides how soon the next may come. */
export type RetryPace = 'soon' | 'usual' | 'slow';

const first: Record<RetryPace, number> = { soon: 200, usual: 500, slow: 4_000 };

/**
 * @param attempt - how many attempts have failed in a row, from 0
 * @param pace - `slow` after "too many", `soon` after "the server restarts"
 * @param random - a number from 0 to 1
 * @returns milliseconds: between a tenth and the whole of the doubled delay, so that the peers of a
 *   server that has restarted don't all come in the same instant
 */
export function retryDelay(attempt: number, pace: RetryPace, random = Math.random()): number {
  const ceiling = Math.min(first[pace] * 2 ** attempt, Math.max(longest, first[pace]));
  return Math.round(ceiling * (0.1 + 0.9 * random));
}
