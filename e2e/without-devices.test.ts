import { chromium } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { chromiumOptions, launchChromium } from '../testkit/browser/chromium.ts';
import { PeerPage } from '../testkit/browser/peer-page.ts';
import { type ServerProcess, startServerProcess } from '../testkit/servers/server-process.ts';

let server: ServerProcess;

beforeAll(async () => {
  server = await startServerProcess({});
});

afterAll(() => server.stop());

test.each([
  {
    name: 'with denied permissions',
    flags: ['--use-fake-device-for-media-stream', '--deny-permission-prompts'],
    words: /blocked/,
  },
  { name: 'without devices', flags: [], words: /No .*found/ },
])(
  'a peer $name sees the reason, can still join, and sees the others',
  async ({ flags, words }) => {
    const [withDevices, without] = await Promise.all([
      launchChromium(),
      chromium.launch({ ...chromiumOptions, args: [...chromiumOptions.args, ...flags] }),
    ]);
    // A room for each, because a peer that is closed without leaving stays for a few seconds.
    const options = { url: server.url, roomId: `without-devices-${flags.length}` };
    const alice = await PeerPage.join({ ...options, browser: withDevices, name: 'Alice' });
    const bob = await PeerPage.open({
      ...options,
      browser: without,
      name: 'Bob',
      permissions: [],
    });
    await bob.page.getByText(words).first().waitFor();
    await bob.join();
    await bob.tile('Alice').locator('video').waitFor();
    const patience = { timeout: 30_000, interval: 300 };
    await expect.poll(() => bob.received('video', 'framesDecoded'), patience).toBeGreaterThan(0);
    await alice.tile('Bob').waitFor();
    await Promise.all([withDevices.close(), without.close()]);
  },
);
