/**
 * Bounds the cost of an answer that anyone may ask for: it is made at most once in a time, and everyone who asks
 * meanwhile gets the same one. No second one is made while one is under way.
 *
 * @param make - its rejection is kept like a result
 * @param forMs - milliseconds from the end of making one to the beginning of the next, 0 or more
 * @param now - a monotonic clock in milliseconds
 */
export function cached<T>(
  make: () => Promise<T>,
  forMs: number,
  now: () => number = () => performance.now(),
): () => Promise<T> {
  let latest: Promise<T> | undefined;
  let nextAt = 0;
  return () => {
    if (latest === undefined || now() >= nextAt) {
      nextAt = Number.POSITIVE_INFINITY;
      latest = make().finally(() => {
        nextAt = now() + forMs;
      });
    }
    return latest;
  };
}
