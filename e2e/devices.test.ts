/** A call while microphones and cameras are muted, exchanged, unplugged, interrupted or denied. */
import type { Browser, Locator } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { launchChromium } from '../testkit/browser/chromium.ts';
import { PeerPage } from '../testkit/browser/peer-page.ts';
import { type ServerProcess, startServerProcess } from '../testkit/servers/server-process.ts';
import { workerPids } from '../testkit/system/processes.ts';
import {
  audioPackets,
  countAudioPackets,
  isQuiet,
  slowMethods,
  useFakeDevices,
} from './fake-devices.ts';

const patience = { timeout: 30_000, interval: 100 };

let browser: Browser;
let server: ServerProcess;
/** Has devices that are plugged in and unplugged. */
let alice: PeerPage;
/** Hears Alice, and sends nothing. */
let bob: PeerPage;

beforeAll(async () => {
  [browser, server] = await Promise.all([
    launchChromium(),
    startServerProcess({ MEDIASOUP_NUM_WORKERS: '2' }),
  ]);
  const options = { browser, url: server.url, roomId: 'devices' };
  [alice, bob] = await Promise.all([
    PeerPage.join({
      ...options,
      name: 'Alice',
      prepare: (page) =>
        useFakeDevices(page, [
          ['audioinput', 'built-in'],
          ['audioinput', 'headset'],
          ['videoinput', 'camera'],
        ]),
    }),
    PeerPage.join({
      ...options,
      name: 'Bob',
      permissions: [],
      prepare: async (page) => {
        await countAudioPackets(page);
        await page.addInitScript(() => {
          navigator.mediaDevices.getUserMedia = () =>
            Promise.reject(new DOMException('', 'NotFoundError'));
        });
      },
    }),
  ]);
});

afterAll(async () => {
  await browser?.close();
  await server?.stop();
});

const heard = () => audioPackets(bob.page);
const mutedAtBob = () => bob.tile('Alice').getAttribute('data-muted');
const quiet = () => expect.poll(() => isQuiet(alice.page), patience).toBe(true);

/** The menu closes when something else is clicked. */
async function microphone(): Promise<Locator> {
  const select = alice.page.getByLabel('Microphone', { exact: true });
  if (!(await select.isVisible())) {
    await alice.button('Devices').click();
  }
  return select;
}

const choose = async (label: string) => (await microphone()).selectOption(label);
const chosen = async () => (await microphone()).inputValue();

const plugIn = (label: string) =>
  alice.page.evaluate((name) => window.fakeDevices.plugIn(name), label);
const unplug = (label: string) =>
  alice.page.evaluate((name) => window.fakeDevices.unplug(name), label);

async function usesInstead(label: string): Promise<void> {
  await expect.poll(chosen, patience).toBe(label);
  await alice.page.getByText(`“${label}” is used instead`).first().waitFor();
}

async function hearsMore(): Promise<void> {
  const before = await heard();
  await expect.poll(heard, patience).toBeGreaterThan(before + 10);
}

/** Waits until packets in flight have arrived. */
async function hearsNoMore(): Promise<void> {
  let last = -1;
  const still = async () => {
    const before = last;
    last = await heard();
    return last === before;
  };
  await expect.poll(still, { ...patience, interval: 400 }).toBe(true);
}

/** Whatever the test before has left: Alice speaks into the headset. */
beforeEach(async () => {
  await alice.page.evaluate(() =>
    Object.assign(window.fakeDevices, { denied: false, slow: undefined }),
  );
  await choose('headset');
  if (await alice.button('Unmute microphone').isVisible()) {
    await alice.button('Unmute microphone').click();
  }
  await expect.poll(mutedAtBob, patience).toBe('false');
  await hearsMore();
});

test('a muted microphone is not heard while it is exchanged, unplugged, plugged in or sent to another worker', async () => {
  const slowDown = (method: (typeof slowMethods)[number]) =>
    alice.page.evaluate((name) => Object.assign(window.fakeDevices, { slow: name }), method);
  await slowDown('getUserMedia');
  // Muted while it is being opened, when there is no track yet that could be muted.
  await choose('built-in');
  await alice.button('Mute microphone').click();
  await expect.poll(mutedAtBob, patience).toBe('true');
  await hearsNoMore();
  const before = await heard();
  await quiet();

  for (const [i, method] of [...slowMethods, 'enumerateDevices' as const].entries()) {
    await slowDown(method);
    await choose(i % 2 === 0 ? 'headset' : 'built-in');
    await quiet();
    expect(await heard(), `another one was chosen while ${method} was slow`).toBe(before);
  }
  await choose('headset');
  await quiet();

  await unplug('headset');
  await usesInstead('built-in');
  await quiet();
  expect(await heard(), 'the default one replaced it').toBe(before);

  await plugIn('headset');
  await expect.poll(chosen, patience).toBe('headset');
  await alice.page.getByText('“headset” is used from now on').first().waitFor();
  await quiet();
  expect(await heard(), 'it was plugged in again').toBe(before);

  await unplug('built-in');
  await unplug('headset');
  await alice.page.getByText('Your microphone was disconnected', { exact: true }).waitFor();
  await plugIn('built-in');
  await choose('built-in');
  await quiet();
  expect(await heard(), 'one was chosen after all were unplugged').toBe(before);

  await alice.page.evaluate(() => window.dispatchEvent(new Event('online')));
  await plugIn('headset');
  await quiet();
  expect(await heard(), 'signalling was replaced').toBe(before);

  const pids = workerPids(server.process.pid);
  process.kill(pids[0] ?? 0, 'SIGKILL');
  const sent = () => alice.page.evaluate(() => window.fakeDevices.lastAnswer);
  const last = await sent();
  await expect.poll(sent, patience).toBeGreaterThan(last);
  await quiet();
  await bob.tile('Alice').locator('video').waitFor();
  expect(await heard(), 'all was sent to another worker').toBe(before);

  await alice.button('Unmute microphone').click();
  await expect.poll(mutedAtBob, patience).toBe('false');
  await hearsMore();
});

test('a microphone that is unplugged while speaking is replaced by the default one', async () => {
  await unplug('headset');
  await usesInstead('built-in');
  await hearsMore();
  await plugIn('headset');
  await expect.poll(chosen, patience).toBe('headset');
  await hearsMore();
});

test('the only microphone is used again when it is plugged in again', async () => {
  await unplug('built-in');
  await unplug('headset');
  await alice.page.getByText('Your microphone was disconnected', { exact: true }).waitFor();
  await expect.poll(mutedAtBob, patience).toBe('true');
  await plugIn('built-in');
  await plugIn('headset');
  await expect.poll(mutedAtBob, patience).toBe('false');
  await hearsMore();
});

test('both sides see that the system has muted a microphone or a camera', async () => {
  const setMuted = (label: string, muted: boolean) =>
    alice.page.evaluate(([one, is]) => window.fakeDevices.setMuted(one, is), [
      label,
      muted,
    ] as const);
  const explanation = alice.page.getByText('The system has paused your microphone', {
    exact: true,
  });
  const video = bob.tile('Alice').locator('video');
  await video.waitFor();
  await setMuted('headset', true);
  await explanation.waitFor();
  await expect.poll(mutedAtBob, patience).toBe('true');
  await setMuted('camera', true);
  await alice.page.getByText('The system has paused your microphone and camera').waitFor();
  await video.waitFor({ state: 'detached' });
  await setMuted('headset', false);
  await setMuted('camera', false);
  await explanation.waitFor({ state: 'detached' });
  await expect.poll(mutedAtBob, patience).toBe('false');
  await video.waitFor();
  await hearsMore();
});

test('permissions that are withdrawn in the call are named at once', async () => {
  await alice.page.evaluate(() => {
    document.body.dataset.texts = '';
    new MutationObserver(() => {
      for (const { textContent } of document.querySelectorAll('.device-problem strong')) {
        document.body.dataset.texts += `${textContent}\n`;
      }
    }).observe(document.body, { subtree: true, childList: true, characterData: true });
    window.fakeDevices.denied = true;
    window.fakeDevices.unplugAll();
  });
  await alice.page.getByText('Your microphone and camera are blocked').waitFor();
  const texts = await alice.page.evaluate(() => document.body.dataset.texts);
  expect(texts).toMatch(/^(Your (microphone is|camera is|microphone and camera are) blocked\n)+$/);
  await expect.poll(mutedAtBob, patience).toBe('true');
});
