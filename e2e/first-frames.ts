import type { Page } from 'playwright-core';

declare global {
  interface Window {
    /** When each connection that receives pictures has decoded its first, as Date.now() counts. */
    firstFrames: number[];
  }
}

/** Runs in the page, after `watchPeerConnections`. */
function watchFirstFrames(): void {
  window.firstFrames = [];
  const seen = new WeakSet<RTCPeerConnection>();
  const untilDecoded = async (pc: RTCPeerConnection) => {
    while (pc.connectionState !== 'closed') {
      for (const stat of (await pc.getStats()).values()) {
        if (stat.type === 'inbound-rtp' && stat.kind === 'video' && stat.framesDecoded > 0) {
          window.firstFrames.push(Date.now());
          return;
        }
      }
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  };
  setInterval(() => {
    for (const pc of window.peerConnections) {
      if (seen.has(pc)) continue;
      seen.add(pc);
      void untilDecoded(pc);
    }
  }, 10);
}

/** Done with a page before it is opened: `firstFramesAfter` needs it. */
export async function recordFirstFrames(page: Page): Promise<void> {
  await page.addInitScript(watchFirstFrames);
}

/**
 * @param time - as Date.now() counts, which pages of this machine do alike
 * @returns milliseconds from then to the first frame of each connection that was made since
 */
export async function firstFramesAfter(page: Page, time: number): Promise<number[]> {
  const all = await page.evaluate(() => window.firstFrames);
  return all.filter((at) => at > time).map((at) => at - time);
}
