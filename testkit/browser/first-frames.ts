import type { Page } from 'playwright-core';

declare global {
  interface Window {
    /** When each received picture had its first frame decoded, as Date.now() counts. */
    firstFrames: number[];
  }
}

/** Runs in the page, after `watchPeerConnections`. It looks at nothing but receivers of pictures: looking costs time. */
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

/** Done with a page before it is opened: `firstFramesAfter` needs it. */
export async function recordFirstFrames(page: Page): Promise<void> {
  await page.addInitScript(watchFirstFrames);
}

/**
 * @param time - as Date.now() counts, which pages of this machine do alike
 * @returns milliseconds from then to the first frame of each picture that has come since
 */
export async function firstFramesAfter(page: Page, time: number): Promise<number[]> {
  const all = await page.evaluate(() => window.firstFrames);
  return all.filter((at) => at > time).map((at) => at - time);
}
