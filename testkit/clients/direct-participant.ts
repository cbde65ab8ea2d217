import { randomUUID } from 'node:crypto';
import type { NotificationMethod, Source } from '@oneport/protocol';
import type { types } from 'mediasoup';
import { openAccess } from '../../server/src/access/access.ts';
import { Consumers } from '../../server/src/rooms/consumers.ts';
import type { CloseReason, Notify, Participant } from '../../server/src/rooms/participant.ts';
import type { Room } from '../../server/src/rooms/room.ts';
import type { Producer, ProducerData, Segment } from '../../server/src/rooms/segment.ts';
import { createLog } from '../../server/src/telemetry/log.ts';
import { rtpCapabilities, rtpParametersFor } from './media-parameters.ts';

/** RFC 6464: a header extension with the level of the sound. The ids are those of this sender. */
const audioLevel = { uri: 'urn:ietf:params:rtp-hdrext:ssrc-audio-level', id: 1 } as const;

export const payload = Buffer.from('payload');

/** Sends and receives RTP in this process over a DirectTransport: it has neither a socket nor a port. */
export class DirectParticipant implements Participant {
  readonly id: string;
  readonly access = openAccess;
  readonly intent = { produce: true, consume: true };
  readonly info: Participant['info'];
  readonly notified: NotificationMethod[] = [];
  readonly producers: Producer[] = [];
  readonly consumers: types.Consumer<ProducerData>[] = [];
  /** The packets of each participant, by its id and the source. */
  readonly received: Record<string, number> = {};
  subscriber: Consumers | undefined;
  closeReason: CloseReason | undefined;
  readonly #room: Room;
  #segment: Segment | undefined;
  #transport: types.DirectTransport | undefined;
  #sequenceNumber = 0;

  constructor(room: Room, { visible = true, id = `direct-${randomUUID()}` } = {}) {
    const device = { flag: 'bot', name: 'direct' };
    this.#room = room;
    this.id = id;
    this.info = visible ? { peerId: id, displayName: 'Direct', device } : undefined;
  }

  /** Enters a room. */
  static async join(room: Room, options?: { visible?: boolean; id?: string }) {
    const participant = new DirectParticipant(room, options);
    room.add(participant);
    await room.connect(participant);
    return participant;
  }

  get segment(): Segment {
    if (!this.#segment) {
      throw new Error('not in a room');
    }
    return this.#segment;
  }

  async moveTo(segment: Segment): Promise<void> {
    const transport = await segment.router.createDirectTransport();
    this.#segment = segment;
    this.#transport = transport;
    this.producers.length = 0;
    this.consumers.length = 0;
    transport.observer.on('newconsumer', (consumer) =>
      this.#receive(consumer as types.Consumer<ProducerData>),
    );
    this.subscriber = new Consumers({
      segment,
      pipes: this.#room.segments.pipes,
      transport,
      rtpCapabilities: rtpCapabilities as types.RtpCapabilities,
      offer: async (offers) => ({ accepted: offers.map(({ consumerId }) => consumerId) }),
      notify: this.notify,
      log: createLog('silent'),
    });
  }

  /** Creates a producer, and publishes it to the room. */
  async publish(source: Source): Promise<Producer> {
    const producer = await this.produce(source);
    this.#room.addProducer(this, producer);
    return producer;
  }

  async produce(source: Source): Promise<Producer> {
    const { segment } = this;
    const { kind, rtpParameters } = rtpParametersFor(source);
    const headerExtensions = kind === 'audio' ? [audioLevel] : [];
    const producer = await this.#transport?.produce<ProducerData>({
      kind,
      rtpParameters: { ...rtpParameters, headerExtensions } as types.RtpParameters,
      appData: { peerId: this.id, source, segment },
    });
    if (!producer) {
      throw new Error('not in a room');
    }
    this.producers.push(producer);
    return producer;
  }

  /** @param dBov - the level of the sound, 0 (loudest) to 127 (silence) */
  send(producer: Producer, dBov = 127): void {
    this.#sequenceNumber += 1;
    producer.send(rtpPacket(producer, this.#sequenceNumber, dBov));
  }

  readonly notify: Notify = (method) => {
    this.notified.push(method);
    return true;
  };

  close(reason: CloseReason): void {
    this.closeReason = reason;
    this.#transport?.close();
  }

  #receive(consumer: types.Consumer<ProducerData>): void {
    this.consumers.push(consumer);
    const { peerId, source } = consumer.appData;
    const from = `${peerId} ${source}`;
    consumer.on('rtp', () => {
      this.received[from] = (this.received[from] ?? 0) + 1;
    });
  }
}

/** RFC 3550, section 5.1, and a one-byte header extension of RFC 8285. */
function rtpPacket(
  { kind, rtpParameters }: Producer,
  sequenceNumber: number,
  dBov: number,
): Buffer {
  const packet = Buffer.alloc(12);
  packet.writeUInt8(kind === 'audio' ? 0x90 : 0x80, 0);
  packet.writeUInt8(rtpParameters.codecs[0]?.payloadType ?? 0, 1);
  packet.writeUInt16BE(sequenceNumber & 0xffff, 2);
  packet.writeUInt32BE(960 * sequenceNumber, 4);
  packet.writeUInt32BE(rtpParameters.encodings?.[0]?.ssrc ?? 0, 8);
  const extension = Buffer.from([0xbe, 0xde, 0, 1, audioLevel.id << 4, 0x80 | dBov, 0, 0]);
  // VP8: a descriptor, then the header of a key frame (RFC 7741, 4.2; RFC 6386, 9.1).
  const body = kind === 'audio' ? [extension] : [Buffer.from([0x10, 0, 0, 0])];
  return Buffer.concat([packet, ...body, payload]);
}
