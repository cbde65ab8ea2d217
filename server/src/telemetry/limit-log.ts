import type { Logger } from './log.ts';
import type { Telemetry } from './telemetry.ts';

/** Between two lines about the same, so that an attacker can't fill the log. */
const pauseMs = 10_000;

/**
 * @param now - a monotonic clock in milliseconds
 * @returns logs the first warning of each kind at once, and later ones at most every ten seconds, with their number as
 *   `hits`. Each kind takes memory: it must not depend on what clients send
 */
export function pacedWarnings(
  log: Logger,
  now: () => number = () => performance.now(),
): (kind: string, fields: object, message: string) => void {
  const last = new Map<string, { at: number; hits: number }>();
  return (kind, fields, message) => {
    const before = last.get(kind);
    const hits = (before?.hits ?? 0) + 1;
    if (before && now() - before.at < pauseMs) {
      before.hits = hits;
      return;
    }
    log.warn({ hits, ...fields }, message);
    last.set(kind, { at: now(), hits: 0 });
  };
}

/**
 * Logs which limits are hit.
 *
 * @param now - a monotonic clock in milliseconds
 */
export function logLimitHits(telemetry: Telemetry, log: Logger, now?: () => number): void {
  const warn = pacedWarnings(log, now);
  telemetry.on('limitHit', (limit, fields) => warn(limit, { limit, ...fields }, 'limit hit'));
}
