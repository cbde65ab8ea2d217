import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { launchChromium } from '../testkit/browser/chromium.ts';
import { PeerPage } from '../testkit/browser/peer-page.ts';
import { describeVariant, portVariants, startServerFor } from '../testkit/browser/port-matrix.ts';
import { TestPeer } from '../testkit/clients/test-peer.ts';
import { openPorts } from '../testkit/servers/server-process.ts';

const patience = { timeout: 30_000, interval: 200 };

let browser: Browser;

beforeAll(async () => {
  browser = await launchChromium();
});

afterAll(() => browser.close());

describe.each([2, 4])('with %i workers', (numWorkers) => {
  test.each(portVariants.map((variant) => ({ variant, name: describeVariant(variant) })))(
    'rooms on every worker work as calls: $name',
    async ({ variant }) => {
      await using stack = new AsyncDisposableStack();
      const server = await startServerFor(variant, {
        MEDIASOUP_NUM_WORKERS: String(numWorkers),
        // A page that goes to another room leaves at once, so that the next room's worker is the busiest one.
        RECONNECT_GRACE_SECONDS: '0',
      });
      stack.defer(() => server.stop());

      const signalling = `${server.url.replace('http', 'ws')}/signalling`;
      const used = new Set<number>();

      const forceTcp = variant.protocol === 'tcp';
      const peers = await Promise.all(
        ['Alice', 'Bob'].map((name) =>
          PeerPage.open({ browser, url: server.url, roomId: 'room-0', forceTcp, name }),
        ),
      );
      stack.defer(async () => void (await Promise.all(peers.map((peer) => peer.close()))));

      for (let n = 0; n < numWorkers; n++) {
        const roomId = `room-${n}`;
        // Keeps the room on its worker, so that the next room goes to another one.
        const holder = await TestPeer.join({ signalling, roomId });
        stack.defer(async () => void (await holder.leave()));
        await Promise.all(peers.map((peer) => peer.joinRoom(roomId)));
        for (const peer of peers) {
          await expect
            .poll(() => peer.received('video', 'framesDecoded'), patience)
            .toBeGreaterThan(10);
          // TCP may be ready before UDP, which the page then returns to.
          const protocols = async () =>
            (await peer.selectedCandidates()).map((one) => one.protocol);
          await expect.poll(protocols, patience).toEqual([variant.protocol, variant.protocol]);
        }
        // The server counts once a second.
        await expect
          .poll(async () => used.add(await busiestWorker(server.url)).size, patience)
          .toBe(n + 1);
      }
    },
  );
});

test.each(portVariants.map((variant) => ({ variant, name: describeVariant(variant) })))(
  'peers of one room on two workers see and hear each other: $name',
  async ({ variant }) => {
    await using stack = new AsyncDisposableStack();
    const server = await startServerFor(variant, {
      MEDIASOUP_NUM_WORKERS: '2',
      ROOM_GROW_AT: '0',
    });
    stack.defer(() => server.stop());
    const forceTcp = variant.protocol === 'tcp';
    const peers = await PeerPage.joinBoth({
      browser,
      url: server.url,
      roomId: 'spread',
      forceTcp,
    });
    stack.defer(async () => void (await Promise.all(peers.map((peer) => peer.close()))));
    for (const peer of peers) {
      await expect
        .poll(() => peer.received('video', 'framesDecoded'), patience)
        .toBeGreaterThan(10);
      await expect
        .poll(() => peer.received('audio', 'packetsReceived'), patience)
        .toBeGreaterThan(10);
    }
    expect((await transportsByWorker(server.url)).filter((count) => count > 0)).toHaveLength(2);
  },
);

/** The index of the worker with the most transports. */
async function busiestWorker(url: string): Promise<number> {
  const transports = await transportsByWorker(url);
  return transports.indexOf(Math.max(...transports));
}

async function transportsByWorker(url: string): Promise<number[]> {
  const { ports } = await openPorts(url);
  const transports: number[] = [];
  for (const port of ports) {
    transports[port.workerIndex] = (transports[port.workerIndex] ?? 0) + port.transports;
  }
  return Array.from(transports, (count) => count ?? 0);
}
