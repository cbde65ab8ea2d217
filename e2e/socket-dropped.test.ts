/** A call continues when its signalling socket drops: docs/reliability.md. */
import { expect, test } from 'vitest';
import { useBrowserAndServer } from '../testkit/browser/browser-and-server.ts';
import { PeerPage } from '../testkit/browser/peer-page.ts';
import { freePorts } from '../testkit/servers/free-ports.ts';
import { openTcpRelay, type TcpRelay } from '../testkit/system/tcp-relay.ts';

const patience = { timeout: 30_000, interval: 100 };
const testing = useBrowserAndServer();

/** A call in which Alice's signalling goes through a relay; media does not. */
async function callThroughRelay(stack: AsyncDisposableStack, roomId: string) {
  const { browser, server } = testing;
  const outside = await freePorts(1);
  const relay = stack.use(await openTcpRelay(outside, Number(new URL(server.url).port)));
  const join = async (name: string, url: string) => {
    const peer = await PeerPage.join({ browser, url, roomId, name });
    stack.defer(() => peer.close());
    return peer;
  };
  // Bob's signalling is not disturbed, so he would see Alice leave.
  const alice = await join('Alice', `http://127.0.0.1:${outside}`);
  const bob = await join('Bob', server.url);
  for (const peer of [alice, bob]) {
    await expect.poll(() => frames(peer), patience).toBeGreaterThan(10);
    await mark(peer);
  }
  return { relay, alice, bob };
}

const frames = (peer: PeerPage) => peer.received('video', 'framesDecoded');

const mark = (peer: PeerPage) =>
  peer.page.evaluate(() => {
    for (const pc of window.peerConnections) {
      Object.assign(pc, { fromBefore: true });
    }
  });

/** For each connection of the page, whether it existed before the interruption. */
const marked = (peer: PeerPage) =>
  peer.page.evaluate(() => window.peerConnections.map((pc) => 'fromBefore' in pc));

const reconnecting = (peer: PeerPage) => peer.page.getByText(/can’t be reached/i).first();

const interruptions: [string, (relay: TcpRelay) => void, (relay: TcpRelay) => void][] = [
  ['drops', (relay) => relay.cut(), (relay) => relay.mend()],
  ['stalls without closing', (relay) => relay.stall(), () => undefined],
];

test.each(interruptions)(
  'the socket %s: media continues on the same connections, and Bob does not see Alice leave',
  async (how, interrupt, mend) => {
    await using stack = new AsyncDisposableStack();
    const { relay, alice, bob } = await callThroughRelay(stack, how.replaceAll(/\W/g, '-'));
    interrupt(relay);
    // Bob must see this once signalling works again.
    await alice.button('Mute microphone').click();
    if (how === 'drops') {
      await reconnecting(alice).waitFor();
    }
    for (const peer of [alice, bob]) {
      const before = await frames(peer);
      await expect.poll(() => frames(peer), patience).toBeGreaterThan(before + 20);
    }
    expect(await bob.tile('Alice').count()).toBe(1);
    mend(relay);
    await bob.tile('Alice').getByRole('img', { name: 'microphone off' }).waitFor();
    await reconnecting(alice).waitFor({ state: 'hidden' });

    expect([...(await marked(alice)), ...(await marked(bob))]).toEqual([true, true, true, true]);
    for (const peer of [alice, bob]) {
      const before = await frames(peer);
      await expect.poll(() => frames(peer), patience).toBeGreaterThan(before + 10);
    }
    expect(await bob.page.getByText(/Alice (has )?left/).count()).toBe(0);
  },
);
