import { expect, test } from 'vitest';
import { useBrowserAndServer } from '../testkit/browser/browser-and-server.ts';
import { PeerPage } from '../testkit/browser/peer-page.ts';

const subject = useBrowserAndServer();

/** Runs in the page: its browser can't receive video, although it says that it can. */
function failToReceiveVideo(): void {
  type Set = (description: RTCSessionDescriptionInit) => Promise<void>;
  const set: Set = RTCPeerConnection.prototype.setRemoteDescription;
  RTCPeerConnection.prototype.setRemoteDescription = function (
    description: RTCSessionDescriptionInit,
  ) {
    if (description.type === 'offer' && description.sdp?.includes('\nm=video')) {
      return Promise.reject(new Error('this browser fails'));
    }
    return set.call(this, description);
  };
}

test('a browser that fails to receive a camera says so to both peers, and plays the microphone', async () => {
  const { browser, server } = subject;
  const options = { browser, url: server.url, roomId: 'failed-consumer' };
  const alice = await PeerPage.join({ ...options, name: 'Alice' });
  const bob = await PeerPage.join({
    ...options,
    name: 'Bob',
    async prepare(page) {
      await page.addInitScript(failToReceiveVideo);
    },
  });
  const said = 'This browser failed to start this person’s camera. Reload the page to try again.';
  await bob.tile('Alice').getByText(said).waitFor();
  const told = 'Bob can’t receive your camera. Their browser failed to start it.';
  await alice.page.getByText(told).waitFor();
  const patience = { timeout: 30_000, interval: 300 };
  await expect.poll(() => bob.received('audio', 'totalAudioEnergy'), patience).toBeGreaterThan(0);
  await Promise.all([alice.close(), bob.close()]);
});
