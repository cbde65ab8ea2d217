/** Rooms whose peers are spread over several workers. */
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { DirectParticipant } from '../../../testkit/clients/direct-participant.ts';
import { TestPeer } from '../../../testkit/clients/test-peer.ts';
import { obstacleToSteering } from '../../../testkit/servers/shared-port.ts';
import { startTestServer, type TestServer } from '../../../testkit/servers/test-server.ts';
import { nothingOpen, workerState } from '../../../testkit/servers/worker-state.ts';
import type { Room } from './room.ts';

/** Each peer goes to the worker with the fewest transports. */
async function startSpread(
  numWorkers: number,
  settings: Record<string, string> = {},
  options: Parameters<typeof startTestServer>[1] = {},
): Promise<TestServer> {
  const server = await startTestServer(
    { MEDIASOUP_NUM_WORKERS: String(numWorkers), ROOM_GROW_AT: '0', ...settings },
    options,
  );
  onTestFinished(() => server.stop());
  return server;
}

const roomOf = (server: TestServer): Room => server.rooms.open.get('room') as Room;

const indexesOf = (server: TestServer) =>
  roomOf(server).segments.open.map(({ worker }) => worker.index);

const joinAll = async ({ signalling }: TestServer, count: number) => {
  const peers: TestPeer[] = [];
  for (let n = 0; n < count; n++) {
    peers.push(await TestPeer.join({ signalling }));
  }
  return peers;
};

const offered = (peer: TestPeer) => peer.batches.flatMap(({ consumers }) => consumers);

const notified = (peer: TestPeer, method: string) =>
  peer.frames.filter(({ message }) => message.method === method);

const modes = ['true', 'false', 'shared'].filter(
  (mode) => mode !== 'shared' || !obstacleToSteering(),
);

describe.each(modes)('MEDIASOUP_USE_WEBRTC_SERVER=%s', (mode) => {
  test.each([2, 3])('everyone in a room on %i workers receives everyone', async (numWorkers) => {
    const settings = { MEDIASOUP_USE_WEBRTC_SERVER: mode };
    const server = await startSpread(numWorkers, settings, { metrics: true });
    const [first] = await joinAll(server, 1);
    const room = roomOf(server);
    const all: DirectParticipant[] = [];
    for (let n = 0; n < 2 * numWorkers; n++) {
      all.push(await DirectParticipant.join(room, { id: `p${n}` }));
    }
    expect(indexesOf(server).toSorted()).toEqual(server.pool.workers.map(({ index }) => index));
    expect(new Set(all.map(({ segment }) => segment)).size).toBe(numWorkers);
    for (const participant of all) {
      await participant.publish('microphone');
      await participant.publish('camera');
    }
    const from = (participant: DirectParticipant) =>
      all
        .filter((other) => other !== participant)
        .flatMap(({ id }) => [`${id} camera`, `${id} microphone`])
        .toSorted();
    await expect
      .poll(() => {
        for (const participant of all) {
          for (const producer of participant.producers) {
            participant.send(producer);
          }
        }
        return all.map(({ received }) => Object.keys(received).toSorted());
      })
      .toEqual(all.map(from));
    await expect.poll(() => offered(first as TestPeer)).toHaveLength(4 * numWorkers);

    // Each producer is copied once to each other worker.
    const copies = 4 * numWorkers * (numWorkers - 1);
    expect(room.segments.pipes.size).toBe(copies);
    expect((await server.scrape())('oneport_copied_producers')).toBe(copies);
    for (const participant of all) {
      room.remove(participant, 'left');
    }
    await expect.poll(() => room.segments.pipes.size).toBe(0);
    await expect.poll(() => indexesOf(server)).toHaveLength(1);
    await first?.leave();
    await expect.poll(() => workerState(server.pool)).toEqual(nothingOpen);
  });
});

test('a room uses as many workers as it may, and gives back those that it no longer needs', async () => {
  const server = await startSpread(3, { ROOM_WORKERS: '2' });
  const peers = await joinAll(server, 5);
  expect(indexesOf(server)).toEqual([0, 1]);
  const [, second, , fourth] = peers;
  await second?.leave();
  await fourth?.leave();
  await expect.poll(() => indexesOf(server)).toEqual([0]);
  await expect.poll(() => server.pool.workers.map(({ routers }) => routers)).toEqual([1, 0, 0]);
});

test('a small room stays on one worker', async () => {
  const server = await startSpread(2, { ROOM_GROW_AT: '60' });
  await joinAll(server, 4);
  expect(indexesOf(server)).toEqual([0]);
});

test('peers that enter a room at the same moment fill no worker: the consumers that they will have are counted', async () => {
  const server = await startSpread(2, { ROOM_GROW_AT: '60' });
  await joinAll(server, 60);
  expect(indexesOf(server)).toEqual([0, 1]);
});

test('chat, pauses and the end of a producer reach peers on all workers', async () => {
  const server = await startSpread(3);
  const [alice, bob, carol] = (await joinAll(server, 3)) as [TestPeer, TestPeer, TestPeer];
  const camera = await alice.produce('camera');
  for (const peer of [bob, carol]) {
    await peer.until(() => peer.batches.length === 1);
    // Each worker has a copy, but its peers know the original only.
    expect(offered(peer)).toMatchObject([{ producerId: camera, peerId: alice.peerId }]);
  }
  await alice.request('pauseProducer', { producerId: camera });
  await Promise.all([bob, carol].map((peer) => peer.notification('consumerPaused')));
  const dave = await TestPeer.join({ signalling: server.signalling });
  await dave.until(() => dave.batches.length === 1);
  expect(offered(dave)).toMatchObject([{ producerPaused: true }]);
  await alice.request('resumeProducer', { producerId: camera });
  await Promise.all([bob, carol, dave].map((peer) => peer.notification('consumerResumed')));
  const sent = roomOf(server).segments.open.map(({ channel }) => vi.spyOn(channel, 'sendChat'));
  await alice.request('sendChatMessage', { text: 'hello' });
  expect(sent.map(({ mock }) => mock.calls.length)).toEqual([1, 1, 1]);
  await alice.request('closeProducer', { producerId: camera });
  await Promise.all([bob, carol, dave].map((peer) => peer.notification('consumerClosed')));
  expect(roomOf(server).segments.pipes.size).toBe(0);
});

test('there is one active speaker, whatever worker it is on', async () => {
  const server = await startSpread(3);
  const [alice] = (await joinAll(server, 1)) as [TestPeer];
  const room = roomOf(server);
  const bob = await DirectParticipant.join(room, { id: 'bob' });
  const carol = await DirectParticipant.join(room, { id: 'carol' });
  for (const participant of [bob, carol]) {
    await participant.publish('microphone');
  }
  expect(indexesOf(server)).toEqual([0, 1, 2]);
  let speaker = bob;
  const speaking = setInterval(() => {
    for (const participant of [bob, carol]) {
      for (const producer of participant.producers) {
        participant.send(producer, participant === speaker ? 10 : 127);
      }
    }
  }, 20);
  onTestFinished(() => clearInterval(speaking));
  await alice.notification('activeSpeaker', ({ peerId }) => peerId === 'bob');
  speaker = carol;
  await alice.notification('activeSpeaker', ({ peerId }) => peerId === 'carol');
  // The first worker observes. Without peers, it no longer does.
  const dave = await TestPeer.join({ signalling: server.signalling });
  await alice.leave();
  await expect.poll(() => indexesOf(server)).toEqual([1, 2]);
  speaker = bob;
  await dave.notification('activeSpeaker', ({ peerId }) => peerId === 'bob');
});

test('when a worker dies, its peers move, and the others keep their connections and what they see', async () => {
  const server = await startSpread(3);
  const peers = (await joinAll(server, 3)) as [TestPeer, TestPeer, TestPeer];
  for (const peer of peers) {
    await peer.produce('camera');
  }
  await Promise.all(peers.map((peer) => peer.until(() => offered(peer).length === 2)));
  const [alice, bob, carol] = peers;
  process.kill(server.pool.workers[1]?.worker.pid ?? 0, 'SIGKILL');
  await bob.welcome(2);
  const reply = await bob.join(2);
  expect(reply.peers.map(({ peerId }) => peerId)).toEqual([alice.peerId, carol.peerId]);
  await bob.until(() => offered(bob).length === 4);
  const camera = await bob.produce('camera');
  for (const peer of [alice, carol]) {
    await peer.until(() => offered(peer).length === 3);
    expect(offered(peer)[2]).toMatchObject({ producerId: camera, peerId: bob.peerId });
    const lost = offered(peer).find(({ peerId }) => peerId === bob.peerId);
    const closed = notified(peer, 'consumerClosed').map(({ message }) => message.data);
    expect(closed).toEqual([{ consumerId: lost?.consumerId }]);
    expect(peer.welcomes).toHaveLength(1);
    expect(notified(peer, 'peerClosed')).toEqual([]);
  }
});

test('a worker that hangs does not keep a new peer from what other workers carry', async () => {
  const server = await startSpread(3);
  const [alice, bob] = (await joinAll(server, 2)) as [TestPeer, TestPeer];
  await alice.produce('camera');
  const camera = await bob.produce('camera');
  const { pid } = server.pool.workers[0]?.worker ?? {};
  process.kill(pid ?? 0, 'SIGSTOP');
  onTestFinished(() => {
    process.kill(pid ?? 0, 'SIGCONT');
  });
  const carol = await TestPeer.join({ signalling: server.signalling });
  await carol.until(() => offered(carol).length > 0);
  expect(offered(carol)).toMatchObject([{ producerId: camera }]);
  process.kill(pid ?? 0, 'SIGCONT');
  await carol.until(() => offered(carol).length === 2);
});
