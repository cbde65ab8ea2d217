import { setTimeout as sleep } from 'node:timers/promises';
import {
  type DtlsParameters,
  errorCodes,
  type IceParameters,
  type RequestData,
} from '@oneport/protocol';
import type { types } from 'mediasoup';
import { RateLimit } from '../net/rate-limit.ts';
import { throttle } from '../net/throttle.ts';
import type { Transport, TransportAppData } from '../ports/types.ts';
import type { Intent } from './participant.ts';
import { RoomError, toBadRequest } from './room-error.ts';
import type { Producer, ProducerData, Segment } from './segment.ts';

/** The media that a peer wants, according to its connect query, and that its token permits. */
export interface PeerIntent extends Intent {
  /** Media over TCP only. */
  forceTcp: boolean;
}

export interface PeerMediaOptions {
  segment: Segment;
  roomId: string;
  peerId: string;
  intent: PeerIntent;
}

/** Of a transport, each of which requests key frames. */
const pathChanges = { burst: 3, perSecond: 1 };

/** Of a peer's producers, each of which notifies all receivers, as does the pause between two. */
const resumes = { burst: 10, perSecond: 4 };

/** The transports and producers of a peer. A peer outlives them. */
export class PeerMedia {
  readonly segment: Segment;
  readonly send: Transport | undefined;
  readonly recv: Transport | undefined;
  readonly dataConsumer: types.DataConsumer | undefined;
  readonly #peerId: string;
  readonly #producers = new Map<string, Producer>();
  /** Ids of transports that have DTLS parameters: mediasoup fails when they are set twice. */
  readonly #connected = new Set<string>();
  readonly #resumes = new RateLimit(resumes.burst, resumes.perSecond);
  /** Of producers that exist or are being created. */
  readonly #sources = new Set<ProducerData['source']>();

  private constructor(
    { segment, peerId }: PeerMediaOptions,
    send: Transport | undefined,
    recv: Transport | undefined,
    dataConsumer: types.DataConsumer | undefined,
  ) {
    this.segment = segment;
    this.#peerId = peerId;
    this.send = send;
    this.recv = recv;
    this.dataConsumer = dataConsumer;
  }

  /** Creates the transports of the intent. The receiving one gets the room's data from `openChannel` on. */
  static async create(options: PeerMediaOptions): Promise<PeerMedia> {
    const { segment, roomId, peerId, intent } = options;
    const create = (direction: TransportAppData['direction']) =>
      segment.worker.ports.createTransport(segment.router, {
        protocols: intent.forceTcp ? ['tcp'] : ['udp', 'tcp'],
        enableSctp: direction === 'recv',
        appData: { roomId, peerId, direction },
      });
    const [send, recv] = await allOrNone([
      intent.produce ? create('send') : undefined,
      intent.consume ? create('recv') : undefined,
    ]);
    try {
      const dataConsumer = recv && (await segment.channel.consume(recv));
      return new PeerMedia(options, send, recv, dataConsumer);
    } catch (error) {
      send?.close();
      recv?.close();
      throw error;
    }
  }

  /** true once a transport has closed, with its worker or router or by itself. */
  get closed(): boolean {
    return this.segment.closed || [this.send, this.recv].some((transport) => transport?.closed);
  }

  get producers(): Iterable<Producer> {
    return this.#producers.values();
  }

  /** The peer has joined. */
  openChannel(): void {
    if (this.dataConsumer) {
      this.segment.channel.open(this.dataConsumer);
    }
  }

  /**
   * @param listener - called when a connected transport has another selected tuple, such as after a network change.
   *   A peer can select another with each packet, so changes in quick succession call it once
   */
  onPathChange(listener: (direction: TransportAppData['direction']) => void): void {
    for (const transport of [this.send, this.recv]) {
      const changed = throttle(() => {
        if (transport && !transport.closed) {
          listener(transport.appData.direction);
        }
      }, pathChanges);
      transport?.on('iceselectedtuplechange', () => {
        if (transport.dtlsState === 'connected') {
          changed();
        }
      });
    }
  }

  async connect(transportId: string, dtlsParameters: DtlsParameters): Promise<void> {
    const transport = this.#transport(transportId);
    if (this.#connected.has(transportId)) {
      throw new RoomError(errorCodes.conflict, 'transportId: already connected');
    }
    this.#connected.add(transportId);
    this.segment.worker.connecting(transportId);
    await transport.connect({ dtlsParameters });
  }

  async restartIce(transportId: string): Promise<IceParameters> {
    return await this.segment.worker.ports.restartIce(this.#transport(transportId));
  }

  /** @throws RoomError; mediasoup's TypeError or UnsupportedError for parameters that it can't take */
  async produce(data: RequestData<'produce'>): Promise<Producer> {
    const { transportId, producerId, kind, source, rtpParameters, paused } = data;
    const transport = this.#transport(transportId);
    if (transport !== this.send) {
      throw new RoomError(errorCodes.forbidden, 'transportId: expected the sending transport');
    }
    if (this.#sources.has(source)) {
      throw new RoomError(errorCodes.conflict, `source: already producing the ${source}`);
    }
    this.#sources.add(source);
    try {
      const producer = await transport.produce<ProducerData>({
        id: producerId,
        kind,
        rtpParameters: rtpParameters as types.RtpParameters,
        paused: paused ?? false,
        // Milliseconds within which one key frame serves all consumers that request one. A consumer that requests
        // just after the first waits this long, so a longer delay slows down every reconnect.
        keyFrameRequestDelay: 200,
        appData: { peerId: this.#peerId, source, segment: this.segment },
      });
      // mediasoup doesn't close a producer whose transport closed while it was created.
      if (transport.closed) {
        producer.close();
        throw new RoomError(errorCodes.conflict, 'the transport has closed');
      }
      this.#producers.set(producer.id, producer);
      producer.observer.once('close', () => {
        this.#producers.delete(producer.id);
        this.#sources.delete(source);
      });
      return producer;
    } catch (error) {
      this.#sources.delete(source);
      throw toBadRequest(error);
    }
  }

  /** @throws RoomError when this peer has no such producer */
  producer(producerId: string): Producer {
    const producer = this.#producers.get(producerId);
    if (!producer) {
      throw new RoomError(errorCodes.notFound, 'producerId: this peer has no such producer');
    }
    return producer;
  }

  /**
   * Resumes a producer, at once or in its turn.
   *
   * @throws RoomError when this peer has no such producer
   */
  async resumeProducer(producerId: string): Promise<void> {
    // Otherwise requests that can't succeed would keep those behind them waiting.
    this.producer(producerId);
    while (!this.#resumes.take()) {
      await sleep(1000 / resumes.perSecond);
    }
    await this.producer(producerId).resume();
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
    throw new RoomError(errorCodes.notFound, 'transportId: this peer has no such transport');
  }
}

/** Like Promise.all(), but when one fails, the others are closed. */
async function allOrNone(
  creating: (Promise<Transport> | undefined)[],
): Promise<(Transport | undefined)[]> {
  const created = await Promise.allSettled(creating);
  const failed = created.find((result) => result.status === 'rejected');
  if (failed) {
    for (const result of created) {
      if (result.status === 'fulfilled') {
        result.value?.close();
      }
    }
    throw failed.reason;
  }
  return created.map((result) => (result.status === 'fulfilled' ? result.value : undefined));
}
