import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchChromium } from '../testkit/browser/chromium.ts';
import { PeerPage } from '../testkit/browser/peer-page.ts';
import { startServerProcess } from '../testkit/servers/server-process.ts';

let browser: Browser;

beforeAll(async () => {
  browser = await launchChromium();
});

afterAll(() => browser.close());

test('the page says that the server is gone, and the call continues by itself when it is back', async () => {
  const first = await startServerProcess({});
  const options = { browser, url: first.url, roomId: 'gone' };
  const [alice, bob] = await PeerPage.joinBoth(options);
  await bob.tile('Alice').locator('video').waitFor();

  await alice.page.evaluate(() => {
    new MutationObserver(() => {
      if (document.body.innerText.includes('still see')) {
        document.body.dataset.shown = 'still see';
      }
    }).observe(document.body, { childList: true, subtree: true, characterData: true });
  });
  await first.stop();
  for (const peer of [alice, bob]) {
    await peer.page
      .getByText(/server (can’t be reached|is restarting)/i)
      .first()
      .waitFor();
  }

  // The socket closed long before the browser notices that no media arrives.
  await expect
    .poll(() => alice.page.getByTestId('port-badge').getAttribute('data-connected'), {
      timeout: 30_000,
    })
    .toBe('false');
  expect(await alice.page.evaluate(() => document.body.dataset.shown)).toBeUndefined();

  const second = await startServerProcess({
    HTTP_PORT: new URL(first.url).port,
    MEDIASOUP_PORT: String(first.mediaPort),
  });
  const patience = { timeout: 40_000, interval: 300 };
  for (const [here, there] of [
    [alice, 'Bob'],
    [bob, 'Alice'],
  ] as const) {
    await here.tile(there).locator('video').waitFor();
    await expect.poll(() => here.received('video', 'framesDecoded'), patience).toBeGreaterThan(0);
  }
  await Promise.all([alice.close(), bob.close()]);
  await second.stop();
});
