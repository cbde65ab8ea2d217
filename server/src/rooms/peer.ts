import {
  type ConsumerOffer,
  errorCodes,
  type NotificationData,
  type NotificationMethod,
  type PeerInfo,
  type RequestData,
  type RequestReply,
  type RtpCapabilities,
  type ServerRequestReply,
} from '@oneport/protocol';
import type { types } from 'mediasoup';
import { type Access, mayPublish } from '../access/access.ts';
import type { Logger } from '../telemetry/log.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import { Consumers } from './consumers.ts';
import type { CloseReason, Notify, Participant } from './participant.ts';
import { type PeerIntent, PeerMedia } from './peer-media.ts';
import { ResumeSecrets } from './resume-secrets.ts';
import type { Room } from './room.ts';
import { RoomError } from './room-error.ts';
import type { Producer, Segment } from './segment.ts';

/** The socket that reaches a peer. */
export interface PeerLink {
  /** The peer's media is ready: `welcome` is to be sent. Nothing but `waiting` is sent before it. */
  welcome(): void;
  notify<M extends NotificationMethod>(method: M, data: NotificationData<M>): void;
  /** Sends `newConsumers`. @returns the client's reply */
  offer(
    generation: number,
    consumers: ConsumerOffer[],
  ): Promise<ServerRequestReply<'newConsumers'>>;
  /** Another socket reaches the peer now. Resolves when no request from this one is being handled any more. */
  replaced(): Promise<void>;
  /** The peer is no longer in the room. */
  closed(reason: CloseReason): void;
}

export interface PeerOptions {
  id: string;
  room: Room;
  intent: PeerIntent;
  access: Access;
  /** Milliseconds that a joined peer stays in the room without a socket. 0: it leaves with its socket. */
  graceMs: number;
  telemetry: Telemetry;
  log: Logger;
}

/** A browser, or another client of the signalling protocol. A peer outlives its socket and its transports. */
export class Peer implements Participant {
  readonly id: string;
  readonly log: Logger;
  readonly #room: Room;
  readonly #graceMs: number;
  readonly #telemetry: Telemetry;
  readonly #secrets = new ResumeSecrets();
  #intent: PeerIntent;
  #access: Access;
  #info: PeerInfo | undefined;
  #closeReason: CloseReason | undefined;
  #link: PeerLink | undefined;
  /** Whether `welcome` has been sent over the current link. */
  #welcomed = false;
  #graceTimer: NodeJS.Timeout | undefined;
  #media: PeerMedia | undefined;
  #consumers: Consumers | undefined;
  #generation = 0;
  /** The last generation whose `welcome` was answered by `join`. */
  #answered = 0;

  constructor({ id, room, intent, access, graceMs, telemetry, log }: PeerOptions) {
    this.id = id;
    this.log = log.child({ roomId: room.id, peerId: id });
    this.#room = room;
    this.#intent = intent;
    this.#access = access;
    this.#graceMs = graceMs;
    this.#telemetry = telemetry;
  }

  /** Counts `welcome` messages. */
  get generation(): number {
    return this.#generation;
  }

  get closed(): boolean {
    return this.#closeReason !== undefined;
  }

  /** Whether the last `welcome` has been answered by `join`. */
  get answered(): boolean {
    return this.#answered === this.#generation;
  }

  get access(): Access {
    return this.#access;
  }

  /** The peer has resumed with another token: producers that it doesn't permit are closed. */
  setAccess(access: Access): void {
    this.#access = access;
    for (const producer of this.producers) {
      if (!mayPublish(access, producer.appData.source)) {
        producer.close();
      }
    }
  }

  /** Set by the first `join`. Later ones change it, and what they don't name stays. */
  get info(): PeerInfo | undefined {
    return this.#info;
  }

  get intent(): PeerIntent {
    return this.#intent;
  }

  /** @throws RoomError while transports are being created */
  get media(): PeerMedia {
    if (!this.#media) {
      throw new RoomError(errorCodes.conflict, 'transports are being created: wait for welcome');
    }
    return this.#media;
  }

  get producers(): Producer[] {
    return [...(this.#media?.producers ?? [])];
  }

  /** undefined while the peer can't be reached or has not joined: its next `join` makes up for what it misses. */
  get subscriber(): Consumers | undefined {
    return this.#link && this.#welcomed && this.answered ? this.#consumers : undefined;
  }

  /** Whether a client with this secret may take over the peer: never before its first `join`. */
  acceptsSecret(secret: string): boolean {
    return this.#info !== undefined && this.#secrets.accepts(secret);
  }

  /** @returns the secret for the next `welcome` */
  nextSecret(): string {
    return this.#secrets.next();
  }

  /**
   * A socket reaches the peer from now on. Resolves when no request from the previous one is being handled. A peer that
   * was removed since it was found closes the socket.
   */
  async attach(link: PeerLink): Promise<void> {
    if (this.#closeReason) {
      link.closed(this.#closeReason);
      return;
    }
    const previous = this.#link;
    this.#link = link;
    this.#welcomed = false;
    clearTimeout(this.#graceTimer);
    await previous?.replaced();
  }

  isReachedBy(link: PeerLink): boolean {
    return this.#link === link && !this.closed;
  }

  /**
   * The socket has closed. If no other has replaced it and the peer has joined, the peer stays for a while.
   *
   * @param atMostMs - milliseconds, where `graceMs` is longer
   */
  detach(link: PeerLink, atMostMs = Number.POSITIVE_INFINITY): void {
    if (!this.isReachedBy(link)) {
      return;
    }
    this.#link = undefined;
    const graceMs = Math.min(this.#graceMs, atMostMs);
    if (!this.#info || graceMs === 0) {
      this.leave('left');
      return;
    }
    this.log.info('peer disconnected');
    this.#graceTimer = setTimeout(() => this.leave('not resumed in time'), graceMs);
  }

  /**
   * Creates the peer's transports, then sends `welcome`. When the worker dies meanwhile, the room moves the peer.
   *
   * @param keep - the current transports will do, if they are open and were created for the same intent
   * @throws AdmissionError when no worker is running or no port is free; what mediasoup throws
   */
  async connect(intent: PeerIntent, keep: boolean): Promise<void> {
    const segment = await this.#room.segments.of(this);
    try {
      await this.#connectTo(segment, intent, keep);
    } catch (error) {
      if (!segment.closed || this.closed) {
        throw error;
      }
    }
  }

  async moveTo(segment: Segment): Promise<void> {
    await this.#connectTo(segment, this.#intent, false);
  }

  /** @throws RoomError when the generation is not that of the last `welcome`, or was answered before */
  mustExpectJoin(generation: number): void {
    if (generation !== this.#generation) {
      throw new RoomError(errorCodes.conflict, `generation: expected ${this.#generation}`);
    }
    if (this.answered) {
      throw new RoomError(errorCodes.conflict, 'already joined');
    }
  }

  /**
   * @returns the state of the room, and the peer's own producers and consumers for it to compare
   * @throws RoomError when the generation is not that of the last `welcome`, or was answered before, or while
   *   transports are being created
   */
  join({
    generation,
    displayName,
    device,
    rtpCapabilities,
    consumers = [],
  }: RequestData<'join'>): RequestReply<'join'> {
    this.mustExpectJoin(generation);
    this.media.openChannel();
    this.#consumers ??= rtpCapabilities && this.#createConsumers(rtpCapabilities);
    this.#answered = generation;
    this.#secrets.answered();
    const before = this.#info;
    const info = { ...before, peerId: this.id, displayName, device };
    this.#info = info;
    const others = this.#room.others(this);
    const available = others.flatMap(({ producers }) => producers);
    const remaining = this.#consumers?.reconcile(consumers, available) ?? [];
    if (!before) {
      this.#room.announce(info);
    } else if (before.displayName !== displayName) {
      this.#announceName(info);
    }
    const speaker = this.#room.segments.speaker.current;
    // A resuming peer may have missed that the last speaker fell silent.
    if (speaker !== null || before) {
      this.notify('activeSpeaker', { peerId: speaker });
    }
    this.#room.moderation.joined(this);
    this.log.info({ generation, peers: this.#room.size }, before ? 'peer resumed' : 'peer joined');
    return {
      peers: others.flatMap((other) => other.info ?? []),
      chat: [...this.#room.chat.messages],
      producers: this.producers.map(({ id, appData, paused }) => ({
        producerId: id,
        source: appData.source,
        paused,
      })),
      consumers: remaining,
    };
  }

  /** @throws RoomError, or what mediasoup throws when it can't take the parameters */
  async produce(data: RequestData<'produce'>): Promise<void> {
    this.mustHaveJoined();
    const release = this.#room.reserveProducerId(data.producerId);
    const producer = await this.media.produce(data).catch((error) => {
      release();
      throw error;
    });
    if (producer.closed) {
      release();
      return;
    }
    producer.observer.once('close', release);
    this.#room.addProducer(this, producer);
  }

  /** @throws RoomError before the peer has joined */
  rename(displayName: string): void {
    const info = { ...this.mustHaveJoined(), displayName };
    this.#info = info;
    this.#announceName(info);
  }

  /** @throws RoomError before the peer has joined */
  mustHaveJoined(): PeerInfo {
    if (!this.#info) {
      throw new RoomError(errorCodes.forbidden, 'join first');
    }
    return this.#info;
  }

  readonly notify: Notify = (method, data) => {
    if (!this.#link || !this.#welcomed) {
      return false;
    }
    this.#link.notify(method, data);
    return true;
  };

  leave(reason: CloseReason): void {
    this.#room.remove(this, reason);
  }

  close(reason: CloseReason): void {
    this.#closeReason = reason;
    clearTimeout(this.#graceTimer);
    this.#media?.close();
    this.#link?.closed(reason);
  }

  #announceName({ peerId, displayName }: PeerInfo): void {
    this.#room.broadcast('peerDisplayNameChanged', { peerId, displayName }, peerId);
  }

  async #connectTo(segment: Segment, intent: PeerIntent, keep: boolean): Promise<void> {
    this.#generation += 1;
    const generation = this.#generation;
    const sameIntent = JSON.stringify(intent) === JSON.stringify(this.#intent);
    this.#intent = intent;
    if (!(keep && sameIntent && this.#media?.segment === segment && !this.#media.closed)) {
      this.#media?.close();
      this.#media = undefined;
      this.#consumers = undefined;
      const media = await PeerMedia.create({
        segment,
        roomId: this.#room.id,
        peerId: this.id,
        intent,
      });
      if (this.closed || generation !== this.#generation) {
        media.close();
        return;
      }
      this.#media = media;
      media.onPathChange((direction) => {
        if (direction === 'recv') {
          this.subscriber?.requestKeyFrames();
        } else {
          this.#room.requestKeyFramesFrom(this);
        }
      });
    }
    if (this.#link) {
      this.#welcomed = true;
      this.#link.welcome();
    }
  }

  #createConsumers(rtpCapabilities: RtpCapabilities): Consumers | undefined {
    const { recv, segment } = this.media;
    if (!recv) {
      return undefined;
    }
    return new Consumers({
      segment,
      pipes: this.#room.segments.pipes,
      transport: recv,
      rtpCapabilities: rtpCapabilities as types.RtpCapabilities,
      offer: async (consumers) => {
        if (!this.#link) {
          throw new Error('the peer has no socket');
        }
        return await this.#link.offer(this.#generation, consumers);
      },
      notify: this.notify,
      onUnsupported: (producer) => {
        this.#telemetry.emit(producer.failed ? 'consumeFailed' : 'noCommonCodec', producer.codec);
        this.#room
          .participant(producer.peerId)
          ?.notify('producerUnsupportedBy', { ...producer, peerId: this.id });
      },
      log: this.log,
    });
  }
}
