import type { LimitName } from '../config/limits.ts';
import type { Logger } from './log.ts';
import type { Telemetry } from './telemetry.ts';

/** Between two lines about the same limit: whoever runs into it again and again shall not fill the log. */
const pauseMs = 10_000;

/**
 * Logs each limit that was hit: at once, then at most one line in ten seconds that says how often it was.
 *
 * @param telemetry - says when
 * @param log - where to
 * @param now - the clock, in milliseconds
 */
export function logLimitHits(
  telemetry: Telemetry,
  log: Logger,
  now: () => number = () => performance.now(),
): void {
  // No more entries than there are limits.
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
