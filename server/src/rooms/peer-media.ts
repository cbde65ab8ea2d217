import {
  type DtlsParameters,
  errorCodes,
  type IceParameters,
  type RequestData,
} from '@oneport/protocol';
import type { types } from 'mediasoup';
import type { Transport, TransportAppData } from '../ports/types.ts';
import type { Producer, ProducerData } from './producer-data.ts';
import { RoomError, toRefusal } from './room-error.ts';
import type { RoomMedia } from './room-media.ts';

export interface Wants {
  produce: boolean;
  consume: boolean;
  /** Media over TCP only. */
  forceTcp: boolean;
}

export interface PeerMediaOptions {
  roomMedia: RoomMedia;
  roomId: string;
  peerId: string;
  wants: Wants;
}

/** What carries a peer's media: its transports and producers. A peer may outlive it. */
export class PeerMedia {
  readonly roomMedia: RoomMedia;
  readonly send: Transport | undefined;
  readonly recv: Transport | undefined;
  readonly dataConsumer: types.DataConsumer | undefined;
  readonly #peerId: string;
  readonly #producers = new Map<string, Producer>();
  /** Ids of transports whose DTLS parameters have come: mediasoup can't take them twice. */
  readonly #connected = new Set<string>();
  /** Taken by producers that are there or are just being made. */
  readonly #sources = new Set<ProducerData['source']>();

  private constructor(
    { roomMedia, peerId }: PeerMediaOptions,
    send: Transport | undefined,
    recv: Transport | undefined,
    dataConsumer: types.DataConsumer | undefined,
  ) {
    this.roomMedia = roomMedia;
    this.#peerId = peerId;
    this.send = send;
    this.recv = recv;
    this.dataConsumer = dataConsumer;
  }

  /** Makes the transports that are wanted, and joins the receiving one to the room's channel. */
  static async create(options: PeerMediaOptions): Promise<PeerMedia> {
    const { roomMedia, roomId, peerId, wants } = options;
    const create = (direction: TransportAppData['direction']) =>
      roomMedia.worker.ports.createTransport(roomMedia.router, {
        protocols: wants.forceTcp ? ['tcp'] : ['udp', 'tcp'],
        enableSctp: direction === 'recv',
        appData: { roomId, peerId, direction },
      });
    const [send, recv] = await allOrNone([
      wants.produce ? create('send') : undefined,
      wants.consume ? create('recv') : undefined,
    ]);
    try {
      const dataConsumer = recv && (await roomMedia.channel.consume(recv));
      return new PeerMedia(options, send, recv, dataConsumer);
    } catch (error) {
      send?.close();
      recv?.close();
      throw error;
    }
  }

  /** Its worker or its room's router has ended, and its transports with it. */
  get closed(): boolean {
    return this.roomMedia.closed || [this.send, this.recv].some((transport) => transport?.closed);
  }

  get producers(): Iterable<Producer> {
    return this.#producers.values();
  }

  /**
   * @param listener - called when a connected transport goes on by another way: the network has changed, or UDP has
   *   given way to TCP
   */
  onOtherPath(listener: (direction: TransportAppData['direction']) => void): void {
    for (const transport of [this.send, this.recv]) {
      transport?.on('iceselectedtuplechange', () => {
        if (transport.dtlsState === 'connected') {
          listener(transport.appData.direction);
        }
      });
    }
  }

  async connect(transportId: string, dtlsParameters: DtlsParameters): Promise<void> {
    const transport = this.#transport(transportId);
    if (this.#connected.has(transportId)) {
      throw new RoomError(errorCodes.conflict, 'transportId: it is connected already');
    }
    this.#connected.add(transportId);
    this.roomMedia.worker.begins(transportId);
    await transport.connect({ dtlsParameters });
  }

  async restartIce(transportId: string): Promise<IceParameters> {
    return await this.roomMedia.worker.ports.restartIce(this.#transport(transportId));
  }

  /** @throws RoomError; TypeError or UnsupportedError (mediasoup) at parameters it can't take */
  async produce(data: RequestData<'produce'>): Promise<Producer> {
    const { transportId, producerId, kind, source, rtpParameters, paused } = data;
    const transport = this.#transport(transportId);
    if (transport !== this.send) {
      throw new RoomError(errorCodes.forbidden, 'transportId: expected the sending transport');
    }
    if (this.#sources.has(source)) {
      throw new RoomError(
        errorCodes.conflict,
        `source: there is a producer for the ${source} already`,
      );
    }
    this.#sources.add(source);
    try {
      const producer = await transport.produce<ProducerData>({
        id: producerId,
        kind,
        rtpParameters: rtpParameters as types.RtpParameters,
        paused: paused ?? false,
        // Milliseconds. Many viewers may want a keyframe at once: one is enough for all. No longer than that, since a
        // viewer who comes just after the first has to wait (a second of it stood in each comeback's time).
        keyFrameRequestDelay: 200,
        appData: { peerId: this.#peerId, source },
      });
      this.#producers.set(producer.id, producer);
      producer.observer.once('close', () => {
        this.#producers.delete(producer.id);
        this.#sources.delete(source);
      });
      return producer;
    } catch (error) {
      this.#sources.delete(source);
      throw toRefusal(error);
    }
  }

  /** @throws RoomError when this peer has no such producer */
  producer(producerId: string): Producer {
    const producer = this.#producers.get(producerId);
    if (!producer) {
      throw new RoomError(errorCodes.notFound, 'producerId: no such producer of yours');
    }
    return producer;
  }

  close(): void {
    this.send?.close();
    this.recv?.close();
  }

  #transport(transportId: string): Transport {
    for (const transport of [this.send, this.recv]) {
      if (transport?.id === transportId) {
        return transport;
      }
    }
    throw new RoomError(errorCodes.notFound, 'transportId: no such transport of yours');
  }
}

/** Waits for all; when one fails, closes those that were made and fails too. */
async function allOrNone(
  making: (Promise<Transport> | undefined)[],
): Promise<(Transport | undefined)[]> {
  const made = await Promise.allSettled(making);
  const failed = made.find((result) => result.status === 'rejected');
  if (failed) {
    for (const result of made) {
      if (result.status === 'fulfilled') {
        result.value?.close();
      }
    }
    throw failed.reason;
  }
  return made.map((result) => (result.status === 'fulfilled' ? result.value : undefined));
}
