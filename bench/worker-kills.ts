/**
 * Kills workers that carry calls of real browsers, and measures each peer's interruption: from `kill -9` to the first
 * decoded frame that came through the other worker.
 *
 *     node bench/worker-kills.ts [kills] [rooms] [true | false | shared: MEDIASOUP_USE_WEBRTC_SERVER]
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { launchChromium } from '../testkit/browser/chromium.ts';
import { firstFramesAfter, recordFirstFrames } from '../testkit/browser/page-instruments.ts';
import { PeerPage } from '../testkit/browser/peer-page.ts';
import { startServerProcess } from '../testkit/servers/server-process.ts';
import { workerPids } from '../testkit/system/processes.ts';

const [kills = '50', rooms = '1', mode = 'true'] = process.argv.slice(2);
/** Milliseconds without a picture after which a peer counts as lost. */
const lostAfter = 20_000;
/** Milliseconds between kills, so that the pool restarts workers without backoff. */
const pause = 5_500;

await using stack = new AsyncDisposableStack();
const server = await startServerProcess({
  MEDIASOUP_USE_WEBRTC_SERVER: mode,
  MEDIASOUP_NUM_WORKERS: '2',
});
stack.defer(() => server.stop());
const browser = await launchChromium({ highResolution: true });
stack.defer(() => browser.close());
const peers: PeerPage[] = [];
for (let room = 0; room < Number(rooms); room++) {
  for (const name of ['Alice', 'Bob']) {
    const options = { browser, url: server.url, roomId: `room-${room}`, name };
    peers.push(await PeerPage.join({ ...options, prepare: recordFirstFrames }));
  }
}
for (const { page } of peers) {
  await untilFirstFrame(page, 0);
}
// After the first kill all rooms are on one worker, and from then on always on the older one.
await killOldest();
for (const { page } of peers) {
  await page.waitForTimeout(pause / peers.length);
}

const times: number[] = [];
let lost = 0;
for (let kill = 1; kill <= Number(kills); kill++) {
  await sleep(pause);
  const killed = await killOldest();
  const back = await Promise.all(peers.map(({ page }) => untilFirstFrame(page, killed)));
  console.log(`kill ${kill}: ${back.map((time) => time ?? 'lost').join(', ')} ms`);
  lost += back.filter((time) => time === undefined).length;
  times.push(...back.filter((time) => time !== undefined));
}
const sorted = times.toSorted((a, b) => a - b);
const at = (share: number) =>
  sorted[Math.min(Math.floor(share * sorted.length), sorted.length - 1)];
console.log(
  `${kills} kills under ${rooms} room(s), ${times.length} videos resumed, ${lost} lost: ` +
    `median ${at(0.5)} ms, 95 % within ${at(0.95)} ms, worst ${at(1)} ms`,
);

/** @returns the time of the kill, in ms since the epoch */
async function killOldest(): Promise<number> {
  const [oldest] = workerPids(server.process.pid);
  if (!oldest) {
    throw new Error('no worker is running');
  }
  const time = Date.now();
  process.kill(oldest, 'SIGKILL');
  return time;
}

/** @returns milliseconds since `time`, or undefined when no frame came */
async function untilFirstFrame(page: PeerPage['page'], time: number): Promise<number | undefined> {
  while (Date.now() < (time || Date.now()) + lostAfter) {
    const [first] = await firstFramesAfter(page, time);
    if (first !== undefined) {
      return first;
    }
    await sleep(50);
  }
  return undefined;
}
