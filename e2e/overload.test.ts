/** Two browsers in a call, while others at another address run into every limit that signalling has. */
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { freePorts } from '../server/src/testing/free-ports.ts';
import { scrape, valueIn } from '../server/src/testing/scrape.ts';
import { type ServerProcess, startServerProcess } from '../server/src/testing/server-process.ts';
import { TestPeer } from '../server/src/testing/test-peer.ts';
import { launchChromium } from './chromium.ts';
import { PeerPage } from './peer-page.ts';

const patience = { timeout: 30_000, interval: 200 };
const stranger = '127.0.0.2';
const roomId = 'call';

let browser: Browser;
let server: ServerProcess;
let metricsUrl: string;
let callers: PeerPage[];

beforeAll(async () => {
  const port = await freePorts(1);
  metricsUrl = `http://127.0.0.1:${port}/metrics`;
  browser = await launchChromium();
  server = await startServerProcess({
    METRICS_PORT: String(port),
    MAX_ROOMS: '2',
    MAX_PEERS_PER_ROOM: '3',
    MAX_MESSAGE_BYTES: '20000',
    MAX_HANDSHAKES_PER_SECOND: '5',
    RECONNECT_GRACE_SECONDS: '0',
  });
  const options = { browser, url: server.url, roomId };
  const alice = await PeerPage.join({ ...options, name: 'Alice' });
  callers = [alice, await PeerPage.join({ ...options, name: 'Bob' })];
});

afterAll(async () => {
  await browser?.close();
  await server?.stop();
});

async function hits(): Promise<Record<string, number>> {
  const series = await scrape(metricsUrl);
  const counted = series.filter(({ name }) => name === 'oneport_limit_hits_total');
  return Object.fromEntries(
    counted.flatMap(({ labels, value }) => (value > 0 ? [[labels.limit, value]] : [])),
  );
}

test('limits hit at another address: refused and counted, and the call goes on', async () => {
  for (const caller of callers) {
    await expect.poll(() => caller.received('video', 'framesDecoded'), patience).toBeGreaterThan(0);
  }
  const signalling = `${server.url.replace('http://localhost', 'ws://127.0.0.1')}/signalling`;
  const come = (room: string) => new TestPeer({ signalling, roomId: room, localAddress: stranger });
  const codes = (peers: TestPeer[]) =>
    Promise.all(peers.map(async ({ closed }) => (await closed).code));
  const received = (counter: string) =>
    Promise.all(callers.map((caller) => caller.received('video', counter)));
  const before = {
    frames: await received('framesDecoded'),
    freezes: await received('freezeCount'),
  };

  // One more room and one more peer have their places; those who come then have none.
  const [second, third] = [come('second'), come(roomId)];
  await Promise.all([second.welcome(), third.welcome()]);
  const rooms = Array.from({ length: 10 }, (_, n) => come(`room-${n}`));
  expect(await codes(rooms)).toEqual(rooms.map(() => 4429));
  const peers = Array.from({ length: 10 }, () => come(roomId));
  expect(await codes(peers)).toEqual(peers.map(() => 4429));

  for (let n = 0; n < 2000; n++) second.send({ notification: true, method: 'none', data: {} });
  third.socket.send('x'.repeat(20_001));
  expect(await codes([second, third])).toEqual([4429, 1009]);

  let refused = 0;
  for (let n = 0; n < 300; n++) {
    const socket = new WebSocket(signalling, 'protoo', { localAddress: stranger });
    socket.on('error', () => {});
    refused += await new Promise<number>((resolve) => {
      socket.once('open', () => resolve(0));
      socket.once('unexpected-response', (_request, { statusCode }) =>
        resolve(Number(statusCode === 429)),
      );
    });
    socket.terminate();
  }
  expect(refused).toBeGreaterThan(100);

  const during = await received('framesDecoded');
  for (const [n, caller] of callers.entries()) {
    expect(during[n]).toBeGreaterThan(before.frames[n] ?? 0);
    const go = () => caller.received('video', 'framesDecoded');
    await expect.poll(go, patience).toBeGreaterThan((during[n] ?? 0) + 10);
  }
  expect(await hits()).toEqual({
    rooms: 10,
    peers_per_room: 10,
    messages_per_second: 1,
    message_bytes: 1,
    handshakes_per_second: refused,
  });
  const now = valueIn(await scrape(metricsUrl));
  expect(now('oneport_peers')).toBe(2);
  expect(now('oneport_ice_failures_total')).toBe(0);
  // For docs/reliability.md.
  console.log({ frames: { before, during }, freezes: await received('freezeCount'), refused });
});
