import { execFileSync } from 'node:child_process';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchChromium } from './chromium.ts';
import { PeerPage } from './peer-page.ts';
import { describeWay, portWays, startServerFor } from './port-matrix.ts';

const patience = { timeout: 30_000, interval: 200 };

let browser: Browser;

beforeAll(async () => {
  browser = await launchChromium();
});

afterAll(() => browser.close());

const ways = portWays.filter(({ mode }) => mode === 'shared-port');

test.each(ways.map((way) => ({ way, name: describeWay(way) })))(
  'a worker is killed: its call comes back by itself, another notices nothing: $name',
  async ({ way }) => {
    await using stack = new AsyncDisposableStack();
    const server = await startServerFor(way, { MEDIASOUP_NUM_WORKERS: '2' });
    stack.defer(() => server.stop());
    const join = async (roomId: string, name: string) => {
      const forceTcp = way.protocol === 'tcp';
      const peer = await PeerPage.join({ browser, url: server.url, roomId, name, forceTcp });
      stack.defer(() => peer.close());
      return peer;
    };
    const frames = (peer: PeerPage) => peer.received('video', 'framesDecoded');

    const [alice, bob] = [await join('hit', 'Alice'), await join('hit', 'Bob')];
    const [carol, dave] = [await join('spared', 'Carol'), await join('spared', 'Dave')];
    for (const peer of [alice, bob, carol, dave]) {
      await expect.poll(() => frames(peer), patience).toBeGreaterThan(10);
    }
    const marked = (peer: PeerPage) =>
      peer.page.evaluate(() => window.peerConnections.filter((pc) => 'fromBefore' in pc).length);
    for (const peer of [alice, bob, carol]) {
      await peer.page.evaluate(() => {
        for (const pc of window.peerConnections) Object.assign(pc, { fromBefore: true });
      });
    }
    const framesBefore = await frames(carol);

    // The first room is on the first worker, which was started first.
    const children = execFileSync('ps', ['-o', 'pid=', '--ppid', String(server.process.pid)]);
    const [first] = String(children)
      .trim()
      .split(/\s+/)
      .map(Number)
      .toSorted((a, b) => a - b);
    process.kill(first ?? 0, 'SIGKILL');

    for (const peer of [alice, bob]) {
      await expect.poll(() => marked(peer), patience).toBe(0);
      await expect.poll(() => frames(peer), patience).toBeGreaterThan(10);
    }
    expect(await marked(carol)).toBe(2);
    expect(await frames(carol)).toBeGreaterThan(framesBefore);
  },
);
