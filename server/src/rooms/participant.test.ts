/** A participant of another kind than `Peer`, added without a change to `Room`. */
import { once } from 'node:events';
import type { types } from 'mediasoup';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { DirectParticipant, payload } from '../../../testkit/clients/direct-participant.ts';
import { TestPeer } from '../../../testkit/clients/test-peer.ts';
import { startTestServer, type TestServer } from '../../../testkit/servers/test-server.ts';
import type { Room } from './room.ts';

let server: TestServer;
let alice: TestPeer;
let room: Room;

beforeEach(async () => {
  server = await startTestServer({ MEDIASOUP_NUM_WORKERS: '2' });
  onTestFinished(() => server.stop());
  alice = await TestPeer.join({ signalling: server.signalling });
  room = server.rooms.open.get('room') as Room;
});

test('a browser sees a participant of another kind, and receives what it publishes', async () => {
  const direct = await DirectParticipant.join(room);
  expect(await alice.notification('newPeer')).toEqual(direct.info);

  const producer = await direct.publish('camera');
  await alice.until(() => alice.batches.length === 1);
  expect(alice.batches[0]?.consumers).toMatchObject([
    { producerId: producer.id, peerId: direct.id, source: 'camera' },
  ]);

  room.remove(direct, 'left');
  expect(await alice.notification('peerClosed')).toEqual({ peerId: direct.id });
  const { consumerId } = alice.batches[0]?.consumers[0] ?? {};
  expect(await alice.notification('consumerClosed')).toEqual({ consumerId });
  expect(direct.closeReason).toBe('left');
});

test('a participant of another kind receives what was published before and after it was added', async () => {
  const before = await alice.produce('microphone');
  const direct = await DirectParticipant.join(room);
  await expect.poll(() => direct.consumers.map(({ producerId }) => producerId)).toEqual([before]);
  const after = await alice.produce('camera');
  await expect
    .poll(() => direct.consumers.map(({ producerId }) => producerId))
    .toEqual([before, after]);
  await alice.request('pauseProducer', { producerId: after });
  await expect.poll(() => direct.notified).toContain('consumerPaused');
});

test('RTP reaches a participant of another kind, and none that the others do not see', async () => {
  const sender = await DirectParticipant.join(room);
  const early = await DirectParticipant.join(room, { visible: false });
  const producer = await sender.publish('microphone');
  const late = await DirectParticipant.join(room, { visible: false });
  const recorder = await DirectParticipant.join(room);
  await expect.poll(() => recorder.consumers.some(({ paused }) => !paused)).toBe(true);

  const [consumer] = recorder.consumers;
  const received = once(consumer as types.Consumer, 'rtp');
  const sending = setInterval(() => sender.send(producer), 20);
  onTestFinished(() => clearInterval(sending));
  const [packet] = await received;
  // mediasoup puts header extensions before the payload.
  expect((packet as Buffer).subarray(-payload.length)).toEqual(payload);

  // Had they been subscribed, they would have consumed before the recorder did.
  expect([...early.consumers, ...late.consumers]).toEqual([]);
});

test('when the worker dies, a participant of another kind moves with the room', async () => {
  const direct = await DirectParticipant.join(room);
  const worker = server.pool.workers.find((one) => room.segments.on(one));
  process.kill(worker?.worker.pid ?? 0, 'SIGKILL');
  await alice.welcome(2);
  await alice.join(2);
  expect(room.segments.open.map((segment) => segment.worker)).not.toContain(worker);
  await alice.produce('microphone');
  await expect.poll(() => direct.consumers.map(({ closed }) => closed)).toEqual([false]);
  await direct.publish('camera');
  await alice.until(() => alice.batches.length === 1);
});

test('an id can be used once in a room', async () => {
  const direct = await DirectParticipant.join(room);
  expect(() => room.add(direct)).toThrow('peerId: already in use in this room');
  expect(room.participant(direct.id)).toBe(direct);
});
