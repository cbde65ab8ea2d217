import { RateLimit } from './rate-limit.ts';

/**
 * Limits how often a function runs. Calls beyond the rate run it once more, as soon as the rate permits.
 *
 * @param run - must not throw
 * @param burst - how many times it may run at once, 1 or more
 * @param perSecond - how many times it may run each second after that, above 0
 * @param now - the clock, in milliseconds
 * @returns calls `run`, now or later
 */
export function throttle(
  run: () => void,
  { burst, perSecond }: { burst: number; perSecond: number },
  now?: () => number,
): () => void {
  const rate = new RateLimit(burst, perSecond, now);
  let timer: NodeJS.Timeout | undefined;
  const attempt = () => {
    timer = rate.take() ? undefined : setTimeout(attempt, 1000 / perSecond).unref();
    if (!timer) {
      run();
    }
  };
  return () => {
    if (!timer) {
      attempt();
    }
  };
}
