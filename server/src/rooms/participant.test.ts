/** A participant of another kind than `Peer`, added without a change to `Room`. */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import type { NotificationMethod } from '@oneport/protocol';
import type { types } from 'mediasoup';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { rtpCapabilities, rtpParametersFor } from '../../../testkit/clients/media-parameters.ts';
import { TestPeer } from '../../../testkit/clients/test-peer.ts';
import { startTestServer, type TestServer } from '../../../testkit/servers/test-server.ts';
import { openAccess } from '../access/access.ts';
import { createLog } from '../telemetry/log.ts';
import { Consumers } from './consumers.ts';
import type { CloseReason, Notify, Participant } from './participant.ts';
import type { Room } from './room.ts';
import type { Producer, ProducerData, RoomMedia } from './room-media.ts';

/** Sends and receives RTP in this process over a DirectTransport: it has neither a socket nor a port. */
class DirectParticipant implements Participant {
  readonly id = `direct-${randomUUID()}`;
  readonly access = openAccess;
  readonly info: Participant['info'];
  readonly notified: NotificationMethod[] = [];
  readonly producers: Producer[] = [];
  readonly consumers: types.Consumer<ProducerData>[] = [];
  subscriber: Consumers | undefined;
  closeReason: CloseReason | undefined;
  #transport: types.DirectTransport | undefined;

  constructor({ visible = true } = {}) {
    const device = { flag: 'bot', name: 'direct' };
    this.info = visible ? { peerId: this.id, displayName: 'Direct', device } : undefined;
  }

  async moveTo({ router, keyFrames }: RoomMedia): Promise<void> {
    const transport = await router.createDirectTransport();
    this.#transport = transport;
    this.producers.length = 0;
    this.consumers.length = 0;
    transport.observer.on('newconsumer', (consumer) =>
      this.consumers.push(consumer as types.Consumer<ProducerData>),
    );
    this.subscriber = new Consumers({
      router,
      transport,
      rtpCapabilities: rtpCapabilities as types.RtpCapabilities,
      keyFrames,
      offer: async (offers) => ({ accepted: offers.map(({ consumerId }) => consumerId) }),
      notify: this.notify,
      log: createLog('silent'),
    });
  }

  async produce(source: 'microphone' | 'camera'): Promise<Producer> {
    const producer = await this.#transport?.produce<ProducerData>({
      ...(rtpParametersFor(source) as Pick<types.ProducerOptions, 'kind' | 'rtpParameters'>),
      appData: { peerId: this.id, source },
    });
    if (!producer) {
      throw new Error('not in a room');
    }
    this.producers.push(producer);
    return producer;
  }

  readonly notify: Notify = (method) => {
    this.notified.push(method);
    return true;
  };

  close(reason: CloseReason): void {
    this.closeReason = reason;
    this.#transport?.close();
  }
}

const payload = Buffer.from('payload');

/** RFC 3550, section 5.1. */
function rtpPacket({ rtpParameters }: Producer, sequenceNumber: number): Buffer {
  const packet = Buffer.alloc(12);
  packet.writeUInt8(0x80, 0);
  packet.writeUInt8(rtpParameters.codecs[0]?.payloadType ?? 0, 1);
  packet.writeUInt16BE(sequenceNumber, 2);
  packet.writeUInt32BE(960 * sequenceNumber, 4);
  packet.writeUInt32BE(rtpParameters.encodings?.[0]?.ssrc ?? 0, 8);
  return Buffer.concat([packet, payload]);
}

let server: TestServer;
let alice: TestPeer;
let room: Room;

beforeEach(async () => {
  server = await startTestServer({ MEDIASOUP_NUM_WORKERS: '2' });
  onTestFinished(() => server.stop());
  alice = await TestPeer.join({ signalling: server.signalling });
  room = server.rooms.open.get('room') as Room;
});

async function add(participant: DirectParticipant): Promise<DirectParticipant> {
  await participant.moveTo(room.media);
  room.add(participant);
  return participant;
}

test('a browser sees a participant of another kind, and receives what it publishes', async () => {
  const direct = await add(new DirectParticipant());
  expect(await alice.notification('newPeer')).toEqual(direct.info);

  const producer = await direct.produce('camera');
  room.addProducer(direct, producer);
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
  const direct = await add(new DirectParticipant());
  await expect.poll(() => direct.consumers.map(({ producerId }) => producerId)).toEqual([before]);
  const after = await alice.produce('camera');
  await expect
    .poll(() => direct.consumers.map(({ producerId }) => producerId))
    .toEqual([before, after]);
  await alice.request('pauseProducer', { producerId: after });
  await expect.poll(() => direct.notified).toContain('consumerPaused');
});

test('RTP reaches a participant of another kind, and none that the others do not see', async () => {
  const sender = await add(new DirectParticipant());
  const early = await add(new DirectParticipant({ visible: false }));
  const producer = await sender.produce('microphone');
  room.addProducer(sender, producer);
  const late = await add(new DirectParticipant({ visible: false }));
  const recorder = await add(new DirectParticipant());
  await expect.poll(() => recorder.consumers.some(({ paused }) => !paused)).toBe(true);

  const [consumer] = recorder.consumers;
  const received = once(consumer as types.Consumer, 'rtp');
  let sequenceNumber = 1;
  const sending = setInterval(() => producer.send(rtpPacket(producer, sequenceNumber++)), 20);
  onTestFinished(() => clearInterval(sending));
  const [packet] = await received;
  // mediasoup puts header extensions before the payload.
  expect((packet as Buffer).subarray(-payload.length)).toEqual(payload);

  // Had they been subscribed, they would have consumed before the recorder did.
  expect([...early.consumers, ...late.consumers]).toEqual([]);
});

test('when the worker dies, a participant of another kind moves with the room', async () => {
  const direct = await add(new DirectParticipant());
  const { worker } = room.media;
  process.kill(worker.worker.pid, 'SIGKILL');
  await alice.welcome(2);
  await alice.join(2);
  expect(room.media.worker).not.toBe(worker);
  await alice.produce('microphone');
  await expect.poll(() => direct.consumers.map(({ closed }) => closed)).toEqual([false]);
  room.addProducer(direct, await direct.produce('camera'));
  await alice.until(() => alice.batches.length === 1);
});

test('an id can be used once in a room', async () => {
  const direct = await add(new DirectParticipant());
  expect(() => room.add(direct)).toThrow('peerId: already in use in this room');
  expect(room.participant(direct.id)).toBe(direct);
});
