/** docs/reliability.md. `node bench/worker-kills.ts` does it fifty times, and measures. */
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchChromium } from '../testkit/browser/chromium.ts';
import { PeerPage } from '../testkit/browser/peer-page.ts';
import { describeVariant, portVariants, startServerFor } from '../testkit/browser/port-matrix.ts';
import { workerPids } from '../testkit/system/processes.ts';

const patience = { timeout: 30_000, interval: 200 };

let browser: Browser;

beforeAll(async () => {
  browser = await launchChromium();
});

afterAll(() => browser.close());

const kills = Number(process.env.WORKER_KILLS ?? 1);

const variants = portVariants.filter(
  ({ mode, protocol }) => mode === 'shared-port' || protocol === 'udp',
);

test.each(variants.map((variant) => ({ variant, name: describeVariant(variant) })))(
  'after a worker is killed, its call continues on another worker, and other calls are not disturbed: $name',
  { repeats: kills - 1 },
  async ({ variant }) => {
    await using stack = new AsyncDisposableStack();
    const server = await startServerFor(variant, { MEDIASOUP_NUM_WORKERS: '2' });
    stack.defer(() => server.stop());
    const joinBoth = async (roomId: string, names: [string, string]) => {
      const forceTcp = variant.protocol === 'tcp';
      const peers = await PeerPage.joinBoth({ browser, url: server.url, roomId, forceTcp }, names);
      for (const peer of peers) {
        stack.defer(() => peer.close());
      }
      return peers;
    };
    const frames = (peer: PeerPage) => peer.received('video', 'framesDecoded');

    const [alice, bob] = await joinBoth('hit', ['Alice', 'Bob']);
    const [carol, dave] = await joinBoth('spared', ['Carol', 'Dave']);
    for (const peer of [alice, bob, carol, dave]) {
      await expect.poll(() => frames(peer), patience).toBeGreaterThan(10);
      // Wait for the notices about peers that have joined.
      await expect.poll(() => peer.page.locator('.toast').count(), patience).toBe(0);
      await peer.page.evaluate(() => {
        for (const pc of window.peerConnections) {
          Object.assign(pc, { fromBefore: true });
        }
        // Texts that a user would see if the call were disturbed.
        const words = /left|joined|reached|restarting|connected again/i;
        new MutationObserver(() => {
          if (words.test(document.body.innerText)) {
            document.body.dataset.disturbed = 'words';
          }
          const noPicture = document.querySelector(
            'article[data-source="camera"]:not(:has(video))',
          );
          if (noPicture) {
            document.body.dataset.disturbed = 'no picture';
          }
        }).observe(document.body, { subtree: true, childList: true, characterData: true });
      });
    }
    const marked = (peer: PeerPage) =>
      peer.page.evaluate(() => window.peerConnections.filter((pc) => 'fromBefore' in pc).length);
    const disturbed = (peer: PeerPage) =>
      peer.page.evaluate(() => document.body.dataset.disturbed ?? 'no');
    const framesBefore = await frames(carol);
    await alice.button('Mute microphone').click();

    // The first room is on the first worker, which was started first.
    const [first] = workerPids(server.process.pid);
    process.kill(first ?? 0, 'SIGKILL');

    for (const peer of [alice, bob]) {
      await expect.poll(() => marked(peer), patience).toBe(0);
      await expect.poll(() => frames(peer), patience).toBeGreaterThan(10);
      expect(await disturbed(peer)).toBe('no');
    }
    await bob.tile('Alice').getByRole('img', { name: 'microphone off' }).waitFor();
    for (const peer of [carol, dave]) {
      expect(await marked(peer)).toBe(2);
      expect(await disturbed(peer)).toBe('no');
    }
    expect(await frames(carol)).toBeGreaterThan(framesBefore);
    await expect.poll(() => workerPids(server.process.pid)).toHaveLength(2);
  },
);
