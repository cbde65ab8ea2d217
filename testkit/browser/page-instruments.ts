/** Scripts that tests run in pages before the pages' own, and what they read from them. */
import type { Page } from 'playwright-core';

declare global {
  interface Window {
    /** Every open RTCPeerConnection of the page, in order of creation. */
    peerConnections: RTCPeerConnection[];
    /** When the first frame of each received video track was decoded, in milliseconds since the epoch. */
    firstFrames: number[];
    /** When newly decoded video frames were found, in milliseconds since the epoch, ascending. */
    frameLog: number[];
  }
}

/** Runs in the page, before its own scripts. The page can't tell the difference. */
export function watchPeerConnections(): void {
  const all: RTCPeerConnection[] = [];
  Object.defineProperty(window, 'peerConnections', {
    get: () => all.filter((pc) => pc.connectionState !== 'closed'),
  });
  const Original = window.RTCPeerConnection;
  window.RTCPeerConnection = class extends Original {
    constructor(configuration?: RTCConfiguration) {
      super(configuration);
      all.push(this);
    }
  };
}

/** Runs in the page, after `watchPeerConnections`. Polls video receivers only, because polling takes time. */
function watchFirstFrames(): void {
  window.firstFrames = [];
  const untilDecoded = async (receiver: RTCRtpReceiver) => {
    while (receiver.track.readyState === 'live') {
      for (const stat of (await receiver.getStats()).values()) {
        if (stat.type === 'inbound-rtp' && stat.framesDecoded > 0) {
          window.firstFrames.push(Date.now());
          return;
        }
      }
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  };
  const Original = window.RTCPeerConnection;
  window.RTCPeerConnection = class extends Original {
    constructor(configuration?: RTCConfiguration) {
      super(configuration);
      this.addEventListener('track', ({ track, receiver }) => {
        if (track.kind === 'video') {
          void untilDecoded(receiver);
        }
      });
    }
  };
}

/** Prepares a page for `firstFramesAfter`. To be called before it is opened. */
export async function recordFirstFrames(page: Page): Promise<void> {
  await page.addInitScript(watchFirstFrames);
}

/**
 * @param time - milliseconds since the epoch
 * @returns milliseconds from then to the first frame of each video track received since
 */
export async function firstFramesAfter(page: Page, time: number): Promise<number[]> {
  const all = await page.evaluate(() => window.firstFrames);
  return all.filter((at) => at > time).map((at) => at - time);
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

/**
 * Collects a page's console warnings and errors, and the requests that failed.
 *
 * @returns reads the newest hundred, as lines
 */
export function pageComplaints(page: Page): () => string[] {
  const complaints: string[] = [];
  const complain = (line: string) => {
    complaints.push(`${new Date().toISOString()} ${line}`);
    if (complaints.length > 100) {
      complaints.shift();
    }
  };
  page.on('console', (message) => {
    if (['warning', 'error'].includes(message.type())) {
      complain(message.text());
    }
  });
  page.on('pageerror', (error) => complain(String(error)));
  page.on('requestfailed', (request) => {
    complain(`${request.url()} ${request.failure()?.errorText}`);
  });
  return () => [...complaints];
}
