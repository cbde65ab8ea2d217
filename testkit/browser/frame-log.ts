import type { Page } from 'playwright-core';

declare global {
  interface Window {
    /** When decoded video frames were found, newest last: milliseconds since 1970. */
    frameLog: number[];
  }
}

/** Runs in the page, before its own scripts and after watchPeerConnections. */
export function logFrames(): void {
  const interval = 50;
  const longest = 10_000;
  window.frameLog = [];
  let before = new Map<string, number>();
  const look = async () => {
    const now = new Map<string, number>();
    let rose = false;
    for (const [i, pc] of window.peerConnections.entries()) {
      for (const stat of (await pc.getStats()).values()) {
        if (stat.type !== 'inbound-rtp' || stat.kind !== 'video') {
          continue;
        }
        const key = `${i} ${stat.ssrc}`;
        now.set(key, stat.framesDecoded);
        if (stat.framesDecoded > (before.get(key) ?? 0)) {
          rose = true;
        }
      }
    }
    before = now;
    if (rose) {
      window.frameLog.push(Date.now());
    }
    if (window.frameLog.length > longest) {
      window.frameLog.shift();
    }
    setTimeout(look, interval);
  };
  void look();
}

/** When frames were found decoded, each to about 100 ms. */
export function frameTimes(page: Page): Promise<number[]> {
  return page.evaluate(() => window.frameLog);
}

/**
 * The longest time without a decoded frame.
 *
 * @param times - milliseconds since 1970, ascending
 * @param since - what ended before doesn't count
 * @returns milliseconds
 */
export function longestGap(times: readonly number[], since: number): number {
  const gaps = times.slice(1).map((time, i) => (time < since ? 0 : time - (times[i] ?? time)));
  return Math.max(0, ...gaps);
}
