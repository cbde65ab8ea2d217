import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { useBrowserAndServer } from '../testkit/browser/browser-and-server.ts';
import { frameTimes, logFrames, longestGap } from '../testkit/browser/page-instruments.ts';
import { PeerPage } from '../testkit/browser/peer-page.ts';

/** The number of reloads. Many for the figures in docs/network-changes.md. */
const runs = Number(process.env.NETWORK_RUNS ?? 3);
const patience = { timeout: 30_000, interval: 200 };

const host = useBrowserAndServer();

/** The queries of a page's signalling sockets, and the methods that the server sent on them. */
function watchSignalling(page: Page) {
  const queries: URLSearchParams[] = [];
  const methods: string[] = [];
  page.on('websocket', (socket) => {
    queries.push(new URL(socket.url()).searchParams);
    socket.on('framereceived', ({ payload }) => {
      const { method } = JSON.parse(String(payload)) as { method?: string };
      if (method) {
        methods.push(method);
      }
    });
  });
  return { queries, methods };
}

async function join(roomId: string, name: string) {
  let signalling: ReturnType<typeof watchSignalling> | undefined;
  const peer = await PeerPage.join({
    browser: host.browser,
    url: host.server.url,
    roomId,
    name,
    prepare: async (page) => {
      signalling = watchSignalling(page);
      await page.addInitScript(logFrames);
    },
  });
  return { peer, signalling: signalling as ReturnType<typeof watchSignalling> };
}

const frames = (peer: PeerPage) => peer.received('video', 'framesDecoded');

/** The contents of the tab's and the origin's storage. */
const stored = (page: Page) =>
  page.evaluate(() => JSON.stringify([{ ...sessionStorage }, { ...localStorage }]));

test(
  'a reloaded page continues the call as before, and the other peers see no peer leave',
  async () => {
    const { peer: alice, signalling: ofAlice } = await join('again', 'Alice');
    const { peer: bob, signalling: ofBob } = await join('again', 'Bob');
    await bob.tile('Alice').locator('video').waitFor();
    await alice.button('Turn camera off').click();
    await expect.poll(() => bob.tile('Alice').locator('video').count(), patience).toBe(0);
    await alice.button('Turn camera on').click();
    await alice.button('Mute microphone').click();
    await bob.tile('Alice').locator('video').waitFor();
    const countBefore = ofBob.methods.length;

    for (let run = 0; run < runs; run += 1) {
      const since = Date.now();
      const before = await frameTimes(alice.page);
      await alice.page.reload();
      await alice.button('Leave').waitFor();
      await expect.poll(() => frames(alice), patience).toBeGreaterThan(10);
      await bob.tile('Alice').locator('video').waitFor();
      const seen = await frames(bob);
      await expect.poll(() => frames(bob), patience).toBeGreaterThan(seen + 10);
      // As before: muted, with the camera on.
      await alice.button('Unmute microphone').waitFor();
      await alice.button('Turn camera off').waitFor();
      const after = await frameTimes(alice.page);
      const gaps = [
        longestGap([...before, ...after], since),
        longestGap(await frameTimes(bob.page), since),
      ];
      console.log(`page reloaded: longest time without a frame: ${gaps.join(' and ')} ms`);
    }
    const methods = ofBob.methods.slice(countBefore);
    expect(methods).toContain('consumerClosed');
    expect(methods).not.toContain('newPeer');
    expect(methods).not.toContain('peerClosed');
    expect(await bob.tile('Alice').count()).toBe(1);
    expect(new Set(ofAlice.queries.map((query) => query.get('peerId'))).size).toBe(1);
    // Each secret is used once.
    const secrets = ofAlice.queries.map((query) => query.get('resume'));
    expect(secrets[0]).toBeNull();
    expect(new Set(secrets).size).toBe(runs + 1);

    await alice.close();
    await bob.close();
  },
  90_000 + runs * 10_000,
);

test('the resume secret is in no storage while a page is loaded, so a duplicated tab is a peer of its own', async () => {
  const { peer: alice, signalling: ofAlice } = await join('twice', 'Alice');
  const { peer: bob } = await join('twice', 'Bob');
  await expect.poll(() => frames(alice), patience).toBeGreaterThan(10);
  await alice.page.reload();
  await expect.poll(() => frames(alice), patience).toBeGreaterThan(10);
  const peerId = ofAlice.queries[0]?.get('peerId') ?? 'none';
  expect(await stored(alice.page)).not.toContain(peerId);

  // A page that is opened by another one gets a copy of its sessionStorage, as a duplicated tab does.
  const opening = alice.page.context().waitForEvent('page');
  await alice.page.evaluate(() => {
    sessionStorage.setItem('copied', 'yes');
    window.open(location.href);
  });
  const duplicate = await opening;
  await duplicate.getByRole('button', { name: 'Join', exact: true }).waitFor();
  expect(await stored(duplicate)).toContain('copied');

  const before = await frames(alice);
  await expect.poll(() => frames(alice), patience).toBeGreaterThan(before + 10);
  expect(ofAlice.queries).toHaveLength(2);
  expect(await bob.tile('Alice').count()).toBe(1);

  await alice.close();
  await bob.close();
});

test('a page that is reloaded after leaving shows the prejoin screen, and has stored nothing', async () => {
  const { peer: alice, signalling } = await join('left', 'Alice');
  await alice.button('Leave').click();
  await alice.button('Rejoin').waitFor();
  await alice.page.reload();
  await alice.button('Join').waitFor();
  expect(signalling.queries).toHaveLength(1);
  expect(await stored(alice.page)).not.toContain(signalling.queries[0]?.get('peerId'));
  await alice.close();
});

test('an invalid resume secret leads to the prejoin screen', async () => {
  const { peer: alice, signalling } = await join('stale', 'Alice');
  const { peer: bob } = await join('stale', 'Bob');
  const peerId = signalling.queries[0]?.get('peerId') as string;
  const session = { roomId: 'stale', peerId, displayName: 'Alice', resumeSecret: 'x'.repeat(32) };
  // As if a tab had been duplicated during the reload, and had used the secret first.
  await bob.page.evaluate((saved) => {
    sessionStorage.setItem('oneport.session', JSON.stringify({ ...saved, savedAt: Date.now() }));
    // Keeps Bob's own session from overwriting it.
    Storage.prototype.setItem = () => undefined;
  }, session);
  await bob.page.reload();
  await bob.button('Join').waitFor();
  expect(await alice.button('Leave').count()).toBe(1);
  expect(await stored(bob.page)).not.toContain(peerId);
  await alice.close();
  await bob.close();
});
