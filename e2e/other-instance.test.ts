import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { pipeline } from 'node:stream/promises';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchChromium } from '../testkit/browser/chromium.ts';
import { frameTimes, logFrames, longestGap } from '../testkit/browser/page-instruments.ts';
import { PeerPage } from '../testkit/browser/peer-page.ts';
import { freePorts } from '../testkit/servers/free-ports.ts';
import { startServerProcess } from '../testkit/servers/server-process.ts';

/** More than one for the figures in docs/reliability.md. */
const runs = Number(process.env.STOP_RUNS ?? 1);
const gaps: number[] = [];

const patience = { timeout: 40_000, interval: 200 };

let browser: Browser;

beforeAll(async () => {
  browser = await launchChromium();
});

afterAll(async () => {
  if (runs > 1) {
    console.log('milliseconds without a frame:', gaps.join(' '));
  }
  await browser.close();
});

interface Instance {
  url: string;
}

/**
 * A load balancer: connects each client to the first instance that is ready. If none is, because this machine is
 * overloaded, to the last one.
 */
async function balance(port: number, instances: Instance[]): Promise<AsyncDisposable> {
  const isReady = async ({ url }: Instance) =>
    (await fetch(`${url}/ready`).catch(() => undefined))?.ok;
  const balancer = createServer(async (browserSide) => {
    let [chosen] = instances.slice(-1);
    for (const instance of instances.toReversed()) {
      if (await isReady(instance)) {
        chosen = instance;
      }
    }
    if (!chosen) {
      throw new TypeError('no instances');
    }
    const serverSide = connect(Number(new URL(chosen.url).port), 'localhost');
    // Either end may reset the connection; the pipeline then closes the other one.
    await pipeline(browserSide, serverSide, browserSide).catch(() => undefined);
  });
  balancer.listen(port, 'localhost');
  await once(balancer, 'listening');
  return {
    async [Symbol.asyncDispose]() {
      await new Promise((resolve) => balancer.close(resolve));
    },
  };
}

test('a call whose server stops is warned, and continues on another instance by itself', {
  timeout: 240_000,
  repeats: runs - 1,
}, async () => {
  await using stack = new AsyncDisposableStack();
  // A drain of a whole day: the test ends it by a second signal.
  const first = await startServerProcess({ DRAIN_SECONDS: '86400' });
  stack.defer(() => first.stop());
  const second = await startServerProcess({});
  stack.defer(() => second.stop());
  const port = await freePorts(1);
  stack.use(await balance(port, [first, second]));
  const join = async (roomId: string, name: string) => {
    const peer = await PeerPage.join({
      browser,
      url: `http://localhost:${port}`,
      roomId,
      name,
      prepare: async (page) => {
        await page.addInitScript(logFrames);
      },
    });
    stack.defer(() => peer.close());
    return peer;
  };
  const frames = (peer: PeerPage) => peer.received('video', 'framesDecoded');
  const call = [await join('moving', 'Alice'), await join('moving', 'Bob')];
  for (const peer of call) {
    await expect.poll(() => frames(peer), patience).toBeGreaterThan(10);
  }
  for (const { page } of call) {
    await page.evaluate(() => {
      for (const pc of window.peerConnections) {
        Object.assign(pc, { fromBefore: true });
      }
    });
  }

  first.process.kill('SIGTERM');
  for (const { page } of call) {
    await page.getByText('This server stops within 24 hours').waitFor();
  }
  const before = await Promise.all(call.map(frames));
  // A new room starts on the other instance.
  await join('another', 'Carol');
  for (const [i, peer] of call.entries()) {
    await expect.poll(() => frames(peer), patience).toBeGreaterThan((before[i] ?? 0) + 10);
  }

  const stoppedAt = Date.now();
  const exit = once(first.process, 'exit');
  first.process.kill('SIGTERM');
  expect(await exit).toEqual([0, null]);
  for (const peer of call) {
    const fromBefore = () =>
      peer.page.evaluate(() => window.peerConnections.filter((pc) => 'fromBefore' in pc).length);
    await expect.poll(fromBefore, patience).toBe(0);
    await expect.poll(() => frames(peer), patience).toBeGreaterThan(10);
    gaps.push(longestGap(await frameTimes(peer.page), stoppedAt));
  }
});
