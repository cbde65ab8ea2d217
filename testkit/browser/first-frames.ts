import type { Page } from 'playwright-core';

declare global {
  interface Window {
    /** When the first frame of each received video track was decoded, in milliseconds since the epoch. */
    firstFrames: number[];
  }
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
