import type { LimitName } from '../config/limits.ts';
import type { Logger } from './log.ts';
import type { Telemetry } from './telemetry.ts';

/** Between two lines about the same limit, so that an attacker can't fill the log. */
const pauseMs = 10_000;

/**
 * Logs the first hit of each limit at once, and later ones at most every ten seconds, with their number.
 *
 * @param now - a monotonic clock in milliseconds
 */
export function logLimitHits(
  telemetry: Telemetry,
  log: Logger,
  now: () => number = () => performance.now(),
): void {
  const last = new Map<LimitName, { at: number; hits: number }>();
  telemetry.on('limitHit', (limit, fields) => {
    const before = last.get(limit);
    const hits = (before?.hits ?? 0) + 1;
    if (before && now() - before.at < pauseMs) {
      before.hits = hits;
      return;
    }
    log.warn({ limit, hits, ...fields }, 'limit hit');
    last.set(limit, { at: now(), hits: 0 });
  });
}
