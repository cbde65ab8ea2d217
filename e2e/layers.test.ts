import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ServerProcess, startServerProcess } from '../server/src/testing/server-process.ts';
import { launchChromium } from './chromium.ts';
import { PeerPage } from './peer-page.ts';

let browser: Browser;
let server: ServerProcess;

beforeAll(async () => {
  [browser, server] = await Promise.all([launchChromium(), startServerProcess({})]);
});

afterAll(async () => {
  await browser.close();
  await server.stop();
});

test('a small tile receives a smaller picture, and a large one a larger', async () => {
  const options = { browser, url: server.url, roomId: 'layers' };
  const alice = await PeerPage.join({ ...options, name: 'Alice' });
  const bob = await PeerPage.join({ ...options, name: 'Bob' });
  await bob.tile('Alice').waitFor();

  const patience = { timeout: 40_000, interval: 300 };
  const lines = async () => {
    const [camera] = await bob.inbound('video');
    return Number(camera?.frameHeight ?? 0);
  };
  await bob.page.setViewportSize({ width: 400, height: 320 });
  await expect.poll(lines, patience).toBe(180);
  await bob.page.setViewportSize({ width: 1100, height: 700 });
  await expect.poll(lines, patience).toBeGreaterThan(180);
  await Promise.all([alice.close(), bob.close()]);
});
