/** Two browsers in a call, while clients at another address run into every limit of signalling. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { launchChromium } from '../testkit/browser/chromium.ts';
import { PeerPage } from '../testkit/browser/peer-page.ts';
import { TestPeer } from '../testkit/clients/test-peer.ts';
import { freePorts } from '../testkit/servers/free-ports.ts';
import { scrape, valueIn } from '../testkit/servers/scrape.ts';
import { type ServerProcess, startServerProcess } from '../testkit/servers/server-process.ts';

const patience = { timeout: 30_000, interval: 200 };
const stranger = '127.0.0.2';
const roomId = 'call';
/** How long the limits are exceeded. */
const seconds = Number(process.env.OVERLOAD_SECONDS ?? 3);
/** The number of rooms, and of peers, that try to join at once. */
const each = 5;

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
    LOG_LEVEL: 'error',
    RECONNECT_GRACE_SECONDS: '0',
  });
  const options = { browser, url: server.url, roomId };
  callers = await PeerPage.joinBoth(options);
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

test('a call continues while clients at another address exceed limits and are rejected and counted', {
  timeout: 60_000 + 3_000 * seconds,
}, async () => {
  for (const caller of callers) {
    await expect.poll(() => caller.received('video', 'framesDecoded'), patience).toBeGreaterThan(0);
  }
  const signalling = `${server.url.replace('http://localhost', 'ws://127.0.0.1')}/signalling`;
  // The callers share this machine, so compare with what they decode without overload.
  const calm = await watch(() => sleep(seconds * 1000));
  const expected = { rooms: 0, peers_per_room: 0, messages_per_second: 0, message_bytes: 0 };
  let refusedHandshakes = 0;
  const overload = await watch(async (isOver) => {
    do {
      await overrun(signalling);
      expected.rooms += each;
      expected.peers_per_room += each;
      expected.messages_per_second += 1;
      expected.message_bytes += 1;
      refusedHandshakes += await handshakes(signalling, 300);
      // Until the address may open handshakes again.
      await sleep(4000);
    } while (!isOver());
  });
  expect(refusedHandshakes).toBeGreaterThan(100);
  for (const frames of overload.frames) {
    expect(frames).toBeGreaterThan(0);
  }
  expect(await hits()).toEqual({ ...expected, handshakes_per_second: refusedHandshakes });
  const now = valueIn(await scrape(metricsUrl));
  expect(now('oneport_peers')).toBe(2);
  expect(now('oneport_ice_failures_total')).toBe(0);
  // For docs/reliability.md.
  console.log(JSON.stringify({ calm, overload, refused: await hits() }));
});

/** Counts the frames and freezes of the callers meanwhile. */
async function watch(during: (isOver: () => boolean) => Promise<unknown>) {
  const count = (counter: string) =>
    Promise.all(callers.map((caller) => caller.received('video', counter)));
  const counts = async () => ({
    frames: await count('framesDecoded'),
    freezes: await count('freezeCount'),
  });
  const started = performance.now();
  const before = await counts();
  await during(() => performance.now() - started >= seconds * 1000);
  const after = await counts();
  const took = (performance.now() - started) / 1000;
  return {
    seconds: Math.round(took * 10) / 10,
    frames: after.frames.map((frames, n) => frames - (before.frames[n] ?? 0)),
    freezes: after.freezes.map((freezes, n) => freezes - (before.freezes[n] ?? 0)),
  };
}

/** Exceeds the limits of rooms, peers, messages and bytes. */
async function overrun(signalling: string): Promise<void> {
  const connect = (room: string) =>
    new TestPeer({ signalling, roomId: room, localAddress: stranger });
  const codes = (peers: TestPeer[]) =>
    Promise.all(peers.map(async ({ closed }) => (await closed).code));
  // One more room and one more peer are within the limits; the following ones are not.
  const [second, third] = [connect('second'), connect(roomId)];
  await Promise.all([second.welcome(), third.welcome()]);
  const rooms = Array.from({ length: each }, (_, n) => connect(`room-${n}`));
  expect(await codes(rooms)).toEqual(rooms.map(() => 4429));
  const peers = Array.from({ length: each }, () => connect(roomId));
  expect(await codes(peers)).toEqual(peers.map(() => 4429));
  for (let n = 0; n < 2000; n++) {
    second.send({ notification: true, method: 'none', data: {} });
  }
  third.socket.send('x'.repeat(20_001));
  expect(await codes([second, third])).toEqual([4429, 1009]);
}

/** @returns how many of the handshakes were rejected */
async function handshakes(signalling: string, count: number): Promise<number> {
  let refused = 0;
  for (let n = 0; n < count; n++) {
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
  return refused;
}
