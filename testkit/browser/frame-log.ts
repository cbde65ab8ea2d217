import type { Page } from 'playwright-core';

declare global {
  interface Window {
    /** When newly decoded video frames were found, in milliseconds since the epoch, ascending. */
    frameLog: number[];
  }
}

/** Runs in the page, before its own scripts and after watchPeerConnections. */
export function logFrames(): void {
  const interval = 50;
  const maxEntries = 10_000;
  window.frameLog = [];
  let before = new Map<string, number>();
  const poll = async () => {
    const now = new Map<string, number>();
    let increased = false;
    for (const [i, pc] of window.peerConnections.entries()) {
      for (const stat of (await pc.getStats()).values()) {
        if (stat.type !== 'inbound-rtp' || stat.kind !== 'video') {
          continue;
        }
        const key = `${i} ${stat.ssrc}`;
        now.set(key, stat.framesDecoded);
        if (stat.framesDecoded > (before.get(key) ?? 0)) {
          increased = true;
        }
      }
    }
    before = now;
    if (increased) {
      window.frameLog.push(Date.now());
    }
    if (window.frameLog.length > maxEntries) {
      window.frameLog.shift();
    }
    setTimeout(poll, interval);
  };
  void poll();
}

/** When newly decoded frames were found, to within about 100 ms. */
export function frameTimes(page: Page): Promise<number[]> {
  return page.evaluate(() => window.frameLog);
}

/**
 * The longest time without a decoded frame.
 *
 * @param times - milliseconds since the epoch, ascending
 * @param since - gaps that ended before this time don't count
 * @returns milliseconds
 */
export function longestGap(times: readonly number[], since: number): number {
  const gaps = times.slice(1).map((time, i) => (time < since ? 0 : time - (times[i] ?? time)));
  return Math.max(0, ...gaps);
}
