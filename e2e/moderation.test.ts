/** Moderation as users see it: a guest waits, is admitted, muted and removed. */
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchChromium } from '../testkit/browser/chromium.ts';
import { PeerPage } from '../testkit/browser/peer-page.ts';
import { type ServerProcess, startServerProcess } from '../testkit/servers/server-process.ts';
import { type TestClaims, testSecret, testToken } from '../testkit/servers/tokens.ts';

let browser: Browser;
let server: ServerProcess;

beforeAll(async () => {
  [browser, server] = await Promise.all([
    launchChromium(),
    startServerProcess({ AUTH_JWT_SECRET: testSecret }),
  ]);
});

afterAll(async () => {
  await browser.close();
  await server.stop();
});

async function open(roomId: string, claims: TestClaims): Promise<PeerPage> {
  const token = await testToken({ room: roomId, ...claims });
  const name = claims.name ?? 'Guest';
  return PeerPage.open({ browser, url: server.url, roomId, name, fragment: `token=${token}` });
}

/** A button of the open dialog; the page behind it may have one with the same name. */
const inDialog = ({ page }: PeerPage, name: string) =>
  page.getByRole('dialog').getByRole('button', { name, exact: true });

async function enter(peer: PeerPage): Promise<void> {
  await peer.button('Join').click();
}

test('a guest waits in the lobby, is admitted, muted by the moderator, and removed for good', async () => {
  const roomId = 'moderated';
  const mo = await open(roomId, { sub: 'mo', name: 'Mo', moderate: true });
  await enter(mo);
  await mo.button('Leave').waitFor();
  expect(mo.page.url(), 'the token is no longer in the address').toBe(
    `${server.url}/?roomId=${roomId}`,
  );

  await mo.button('Moderate the room').click();
  await inDialog(mo, 'Lock the room').click();
  await mo.page.getByRole('img', { name: /^Locked/ }).waitFor();

  const ada = await open(roomId, { sub: 'ada', name: 'Ada' });
  await enter(ada);
  await ada.page.getByRole('heading', { name: 'Waiting to be admitted' }).waitFor();
  expect(await ada.stats(), 'a waiting peer has no connection').toEqual([]);
  await mo.button('Admit Ada').click();

  await mo.tile('Ada').locator('video').waitFor();
  await ada.tile('Mo').locator('video').waitFor();
  await ada.page.getByRole('img', { name: /^Locked/ }).waitFor();
  await expect.poll(() => mo.received('audio', 'packetsReceived')).toBeGreaterThan(0);

  // After a reload the session continues: although the room is locked, no moderator has to admit Ada again.
  await ada.page.reload();
  await ada.tile('Mo').locator('video').waitFor();
  await mo.tile('Ada').locator('video').waitFor();

  // Muted: Ada's own button shows it, Mo sees it, and no more packets arrive.
  await mo.button('Moderate Ada').click();
  await inDialog(mo, 'Mute microphone').click();
  await ada.button('Unmute microphone').waitFor();
  await ada.page.getByText('A moderator muted you').waitFor();
  await mo.tile('Ada').getByRole('img', { name: 'microphone off' }).waitFor();
  const packets = () => mo.received('audio', 'packetsReceived');
  const decoded = () => mo.received('video', 'framesDecoded');
  await expect
    .poll(async () => {
      const [before, frames] = [await packets(), await decoded()];
      await expect.poll(decoded).toBeGreaterThan(frames + 5);
      return (await packets()) - before;
    })
    .toBe(0);
  // Ada may unmute herself.
  const silent = await packets();
  await ada.button('Unmute microphone').click();
  await expect.poll(packets).toBeGreaterThan(silent);

  await mo.button('Moderate Ada').click();
  await inDialog(mo, 'Turn camera off').click();
  await ada.button('Turn camera on').waitFor();
  await mo.tile('Ada').locator('video').waitFor({ state: 'detached' });

  // Removed after a confirmation: neither a reload nor the same link opens the room again.
  await mo.button('Moderate Ada').click();
  await inDialog(mo, 'Remove from call').click();
  await inDialog(mo, 'Remove Ada').click();
  const removed = ada.page.getByRole('heading', { name: 'You were removed from this call' });
  await removed.waitFor();
  await mo.tile('Ada').waitFor({ state: 'detached' });
  expect(await ada.button('Try again').count()).toBe(0);
  await ada.page.reload();
  await enter(ada);
  await removed.waitFor();
  await Promise.all([mo.close(), ada.close()]);
});

test('a guest who is not admitted is told so, and closing a room removes everyone', async () => {
  const roomId = 'closed';
  const mo = await open(roomId, { sub: 'mo', name: 'Mo', moderate: true });
  await enter(mo);
  const bob = await open(roomId, { sub: 'bob', name: 'Bob', lobby: true });
  const name = bob.page.getByLabel('Your name');
  expect(await name.inputValue()).toBe('Bob');
  expect(await name.isEditable(), 'the token sets the name').toBe(false);
  await enter(bob);
  await mo.button('Admit Bob').waitFor();
  // A reload continues to wait.
  await bob.page.reload();
  await bob.page.getByRole('heading', { name: 'Waiting to be admitted' }).waitFor();
  await mo.button('Deny Bob').click();
  await bob.page.getByRole('heading', { name: 'You were not admitted' }).waitFor();
  await bob.button('Try again').click();
  await mo.button('Admit Bob').click();
  await bob.tile('Mo').waitFor();

  await mo.button('Moderate the room').click();
  await inDialog(mo, 'End the call for everyone').click();
  await inDialog(mo, 'End the call').click();
  for (const peer of [mo, bob]) {
    await peer.page.getByRole('heading', { name: 'The call has ended' }).waitFor();
  }
  await Promise.all([mo.close(), bob.close()]);
});

test('a peer without permission to publish has no buttons for it, and sends nothing', async () => {
  const roomId = 'watching';
  const ada = await open(roomId, { sub: 'ada', name: 'Ada' });
  await enter(ada);
  const viewer = await open(roomId, { sub: 'viewer', name: 'Vi', publish: [], chat: false });
  await enter(viewer);
  await viewer.tile('Ada').locator('video').waitFor();
  await expect.poll(() => viewer.received('video', 'framesDecoded')).toBeGreaterThan(0);
  for (const name of ['Mute microphone', 'Unmute microphone', 'Turn camera off', 'Share screen']) {
    expect(await viewer.button(name).count(), name).toBe(0);
  }
  await viewer.button('Open chat').click();
  await viewer.page.getByRole('log', { name: 'Chat' }).waitFor();
  expect(await viewer.page.getByLabel('Message', { exact: true }).count()).toBe(0);
  await ada.tile('Vi').waitFor();
  expect(await ada.tile('Vi').locator('video').count()).toBe(0);
  expect(await ada.button('Moderate Vi').count(), 'Ada is not a moderator').toBe(0);
  await Promise.all([ada.close(), viewer.close()]);
});

test.each([
  ['without a token', undefined, 'This room is by invitation'],
  ['with an expired token', { expiresIn: -60 }, 'Your invitation has expired'],
])(
  'a peer %s sees the reason, and joins by an invitation opened in the same tab',
  async (_, times, title) => {
    const fragment = times && `token=${await testToken({ room: 'kind' }, testSecret, times)}`;
    const options = { browser, url: server.url, roomId: 'kind', name: 'Eve' };
    const eve = await PeerPage.open({ ...options, ...(fragment ? { fragment } : {}) });
    await enter(eve);
    await eve.page.getByRole('heading', { name: title }).waitFor();

    const invitation = await testToken({ room: 'kind', name: 'Eve' });
    // As in the address bar: only the fragment changes, so the page is not loaded again.
    await eve.page.evaluate((hash) => location.assign(hash), `#token=${invitation}`);
    await eve.button('Leave').waitFor();
    await eve.close();
  },
);
