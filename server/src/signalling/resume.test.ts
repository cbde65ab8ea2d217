/** A peer outlives its socket: docs/reliability.md. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { TestPeer } from '../../../testkit/clients/test-peer.ts';
import { startTestServer, type TestServer } from '../../../testkit/servers/test-server.ts';

let server: TestServer;
let rooms = 0;

beforeAll(async () => {
  server = await startTestServer({ RECONNECT_GRACE_SECONDS: '2' });
});

afterAll(() => server.stop());

/** Two peers that receive each other, in a room of their own. */
async function pair() {
  const options = { signalling: server.signalling, roomId: `resume-${++rooms}` };
  const alice = await TestPeer.join(options);
  const bob = await TestPeer.join(options);
  const camera = await alice.produce('camera');
  const microphone = await bob.produce('microphone');
  for (const peer of [alice, bob]) {
    await peer.until(() => peer.batches.length > 0);
    // When this is answered, the server has handled the accepted batch.
    for (const consumerId of consumersOf(peer)) {
      await peer.request('resumeConsumer', { consumerId });
    }
  }
  return { options, alice, bob, camera, microphone };
}

const consumersOf = (peer: TestPeer) =>
  peer.batches.flatMap(({ consumers }) => consumers.map(({ consumerId }) => consumerId));

const notified = (peer: TestPeer, method: string) =>
  peer.frames.filter(({ message }) => message.method === method);

test('a resumed peer keeps its transports, producers and consumers, and the others see no peer leave', async () => {
  const { alice, bob, camera } = await pair();
  const before = await alice.welcome();
  await alice.drop();
  const again = alice.resume();
  const welcome = await again.welcome();
  expect(welcome).toMatchObject({
    generation: 2,
    sendTransport: before.sendTransport,
    recvTransport: before.recvTransport,
    dataConsumer: before.dataConsumer,
  });
  const consumers = consumersOf(alice);
  const reply = await again.join(2, { consumers });
  expect(reply.producers).toEqual([{ producerId: camera, source: 'camera', paused: false }]);
  expect(reply.consumers).toEqual([
    { consumerId: consumers[0], paused: false, producerPaused: false },
  ]);
  expect(reply.peers.map(({ peerId }) => peerId)).toEqual([bob.peerId]);
  // Messages are in order: all notifications have arrived before this reply.
  await bob.request('sendChatMessage', { text: 'are you there?' });
  expect([...notified(bob, 'peerClosed'), ...notified(bob, 'consumerClosed')]).toEqual([]);
  expect(notified(bob, 'newPeer')).toEqual([]);
  expect(again.batches).toEqual([]);
  await Promise.all([again.leave(), bob.leave()]);
});

test('resuming closes an old socket that still seems open', async () => {
  const { alice, bob } = await pair();
  const again = alice.resume();
  expect(await again.welcome()).toMatchObject({ generation: 2 });
  expect(await alice.closed).toMatchObject({ code: 4000 });
  await again.join(2);
  expect(notified(bob, 'peerClosed')).toEqual([]);
  await Promise.all([again.leave(), bob.leave()]);
});

test('a resumed peer catches up with what it has missed, and so do the others', async () => {
  const { options, alice, bob, camera, microphone } = await pair();
  await alice.drop();
  await bob.request('pauseProducer', { producerId: microphone });
  await bob.request('changeDisplayName', { displayName: 'Robert' });
  await bob.request('sendChatMessage', { text: 'where are you?' });
  const carol = await TestPeer.join(options);
  const screen = await carol.produce('screen');
  const gone = await TestPeer.join(options);
  await gone.leave();
  const consumers = consumersOf(alice);

  const again = alice.resume();
  const { generation } = await again.welcome();
  const reply = await again.join(generation, { consumers, displayName: 'Alice II' });
  expect(reply.peers).toMatchObject([{ displayName: 'Robert' }, { peerId: carol.peerId }]);
  expect(reply.chat.map(({ text }) => text)).toEqual(['where are you?']);
  expect(reply.consumers).toEqual([
    { consumerId: consumers[0], paused: false, producerPaused: true },
  ]);
  await again.until(() => again.batches.length > 0);
  expect(again.batches.flatMap((batch) => batch.consumers)).toMatchObject([
    { producerId: screen, peerId: carol.peerId },
  ]);
  expect(again.batches[0]?.generation).toBe(generation);
  expect(await bob.notification('peerDisplayNameChanged')).toEqual({
    peerId: alice.peerId,
    displayName: 'Alice II',
  });
  // The producer is still hers.
  await again.request('pauseProducer', { producerId: camera });
  await Promise.all([again, bob, carol].map((peer) => peer.leave()));
});

test('producers whose consumers the client has lost are offered again', async () => {
  const { alice, bob, microphone } = await pair();
  const again = alice.resume();
  const { generation } = await again.welcome();
  expect((await again.join(generation, { consumers: [] })).consumers).toEqual([]);
  await again.until(() => again.batches.length > 0);
  expect(again.batches[0]?.consumers).toMatchObject([{ producerId: microphone }]);
  expect(consumersOf(again)).not.toEqual(consumersOf(alice));
  await Promise.all([again.leave(), bob.leave()]);
});

test('a reloaded page gets new transports and stays in the room', async () => {
  const { alice, bob, camera } = await pair();
  alice.socket.close(1001);
  await alice.closed;
  const again = alice.resume({});
  const welcome = await again.welcome();
  expect(welcome.generation).toBe(2);
  expect(welcome.sendTransport?.transportId).not.toBe(
    (await alice.welcome()).sendTransport?.transportId,
  );
  await bob.notification('consumerClosed');
  expect(await again.join(2)).toMatchObject({ producers: [], consumers: [] });
  const second = await again.produce('camera');
  expect(second).not.toBe(camera);
  await bob.until(() => consumersOf(bob).length === 2);
  expect(notified(bob, 'peerClosed')).toEqual([]);
  await Promise.all([again.leave(), bob.leave()]);
});

test('a resume secret can be used until the welcome that follows has been answered', async () => {
  const { alice, bob } = await pair();
  // Its welcome is never answered, as if it had got lost.
  const lost = alice.resume();
  await lost.welcome();
  const again = alice.resume();
  const { generation } = await again.welcome();
  expect(generation).toBe(3);
  await again.join(generation);
  for (const spent of [alice.resume(), lost.resume()]) {
    expect(await spent.closed).toEqual({
      code: 4401,
      reason: 'peerId: already in use in this room',
    });
  }
  await again.request('sendChatMessage', { text: 'still me' });
  await Promise.all([again.leave(), bob.leave()]);
});

test('rejects an answer to an earlier welcome', async () => {
  const { alice, bob } = await pair();
  const again = alice.resume();
  await again.welcome();
  await expect(again.join(1)).rejects.toMatchObject({ code: 409 });
  await again.join(2);
  await expect(again.join(2)).rejects.toMatchObject({ code: 409 });
  await Promise.all([again.leave(), bob.leave()]);
});

test('a peer that does not resume in time leaves the room', async () => {
  const { options, alice, bob } = await pair();
  await alice.drop();
  expect(await bob.notification('peerClosed')).toEqual({ peerId: alice.peerId });
  // The id is free again, with the old secret or without.
  const again = alice.resume();
  expect(await again.welcome()).toMatchObject({ generation: 1 });
  await again.leave();
  await bob.drop();
  await expect.poll(() => server.rooms.size).toBe(0);
  const later = await TestPeer.join(options);
  await later.leave();
});

test('a peer that leaves, or disconnects before it has joined, is removed at once', async () => {
  const { options, alice, bob } = await pair();
  await alice.leave();
  await bob.notification('peerClosed');
  const waiting = new TestPeer({ ...options, peerId: 'waiting' });
  await waiting.welcome();
  await waiting.drop();
  await expect
    .poll(async () => {
      const next = new TestPeer({ ...options, peerId: 'waiting' });
      const entered = await Promise.race([next.welcome().then(() => true), next.closed]);
      await next.drop();
      return entered;
    })
    .toBe(true);
  await bob.leave();
});

test('of ten sockets that resume the same peer at once, one remains and works', async () => {
  const { alice, bob } = await pair();
  const sockets = Array.from({ length: 10 }, () => alice.resume());
  await Promise.race(sockets.map((socket) => socket.welcome()));
  await expect
    .poll(() => sockets.filter(({ socket }) => socket.readyState < 2).length)
    .toBeLessThanOrEqual(1);
  const [winner] = sockets.filter(({ socket }) => socket.readyState < 2);
  if (!winner) {
    throw new Error('no socket is left');
  }
  const { generation } = await winner.welcome();
  await winner.join(generation);
  await winner.request('sendChatMessage', { text: 'I am one' });
  expect(notified(bob, 'peerClosed')).toEqual([]);
  await Promise.all([winner.leave(), bob.leave()]);
});
