import { expect, test } from 'vitest';
import { useBrowserAndServer } from '../testkit/browser/browser-and-server.ts';
import { PeerPage } from '../testkit/browser/peer-page.ts';

// Alice and Bob are on different workers, so that layers and key frames cross a pipe.
const here = useBrowserAndServer({
  highResolution: true,
  settings: { MEDIASOUP_NUM_WORKERS: '2', ROOM_GROW_AT: '0' },
});

test('a small tile receives a lower spatial layer than a large one', async () => {
  const options = { browser: here.browser, url: here.server.url, roomId: 'layers' };
  const [alice, bob] = await PeerPage.joinBoth(options);
  await bob.tile('Alice').waitFor();

  const patience = { timeout: 40_000, interval: 300 };
  const lines = async () => {
    // A second stream without frames carries mediasoup's bandwidth probes.
    const streams = await bob.inbound('video');
    return Math.max(...streams.map(({ frameHeight }) => Number(frameHeight ?? 0)));
  };
  await bob.page.setViewportSize({ width: 400, height: 320 });
  await expect.poll(lines, patience).toBe(180);
  await bob.page.setViewportSize({ width: 1100, height: 700 });
  await expect.poll(lines, patience).toBeGreaterThan(180);
  await Promise.all([alice.close(), bob.close()]);
});
