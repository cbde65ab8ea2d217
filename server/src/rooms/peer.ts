import { EventEmitter } from 'node:events';
import {
  type ConsumerOffer,
  errorCodes,
  type PeerInfo,
  type Publishable,
  type RequestData,
  type RequestReply,
  type RtpCapabilities,
  type WaitingPeer,
} from '@oneport/protocol';
import type { types } from 'mediasoup';
import { type Access, mayPublish } from '../access/access.ts';
import type { Logger } from '../telemetry/log.ts';
import { Consuming } from './consumers.ts';
import { PeerMedia, type Wants } from './peer-media.ts';
import type { Producer } from './producer-data.ts';
import { ResumeSecrets } from './resume-secrets.ts';
import { RoomError } from './room-error.ts';
import type { RoomMedia } from './room-media.ts';

/** Why a peer's place in a room has ended. */
export type CloseReason =
  | 'left'
  | 'did not come back'
  | 'removed'
  | 'room closed'
  | 'no worker'
  | 'server stops';

export type PeerEvents = {
  /** It has transports: time for `welcome`. */
  connected: [];
  /** Its media comes or goes by another way than before. */
  otherPath: [direction: 'send' | 'recv'];
  peerJoined: [peer: PeerInfo];
  peerLeft: [peerId: string];
  peerRenamed: [peerId: string, displayName: string];
  consumerClosed: [consumerId: string];
  consumerPaused: [consumerId: string];
  consumerResumed: [consumerId: string];
  consumerLayersChanged: [consumerId: string, layers: types.ConsumerLayers | null];
  activeSpeaker: [peerId: string | null];
  muted: [what: Publishable];
  roomLocked: [locked: boolean];
  lobbyChanged: [waiting: WaitingPeer[]];
  serverStopping: [inSeconds: number];
  closed: [reason: CloseReason, hadJoined: boolean];
};

/** The socket by which a peer is reached. */
export interface PeerLink {
  /** Shows the peer a batch of consumers; answers with the ids that it takes. */
  offer(consumers: ConsumerOffer[]): Promise<string[]>;
  /** Another socket has taken its place. Resolves when nothing is being done that came by this one. */
  replaced(): Promise<void>;
}

export interface PeerOptions {
  id: string;
  roomId: string;
  /** Which transports its first `welcome` shall bring. */
  wants: Wants;
  /** What its token says. */
  access: Access;
  /** Milliseconds that its place is kept for it without a socket. 0: it leaves with its socket. */
  graceMs: number;
  log: Logger;
}

type State =
  | { name: 'waiting' }
  | { name: 'joined'; displayName: string; device: PeerInfo['device'] }
  | { name: 'closed' };

/** Somebody in a room, who outlives the socket that reaches it and the transports that carry its media. */
export class Peer extends EventEmitter<PeerEvents> {
  readonly id: string;
  readonly log: Logger;
  readonly #options: PeerOptions;
  readonly #secrets = new ResumeSecrets();
  #state: State = { name: 'waiting' };
  #link: PeerLink | undefined;
  #leaving: NodeJS.Timeout | undefined;
  #wants: Wants;
  #access: Access;
  #media: PeerMedia | undefined;
  #consuming: Consuming | undefined;
  #generation = 0;
  /** The generation of the last `welcome` that was answered by `join`. */
  #answered = 0;

  constructor(options: PeerOptions) {
    super();
    this.#options = options;
    this.id = options.id;
    this.#wants = options.wants;
    this.#access = options.access;
    this.log = options.log.child({ roomId: options.roomId, peerId: options.id });
  }

  /** Counts its welcomes. */
  get generation(): number {
    return this.#generation;
  }

  /** Whether the others see it. */
  get joined(): boolean {
    return this.#state.name === 'joined';
  }

  get closed(): boolean {
    return this.#state.name === 'closed';
  }

  /** Whether its last `welcome` has been answered. */
  get answered(): boolean {
    return this.#answered === this.#generation;
  }

  get access(): Access {
    return this.#access;
  }

  /** It has come with another token: what that doesn't allow ends. */
  setAccess(access: Access): void {
    this.#access = access;
    for (const producer of this.producers) {
      if (!mayPublish(access, producer.appData.source)) {
        producer.close();
      }
    }
  }

  /** undefined: it has not joined yet. */
  get displayName(): string | undefined {
    return this.#state.name === 'joined' ? this.#state.displayName : undefined;
  }

  get info(): PeerInfo {
    const { displayName, device } = this.#joined();
    return { peerId: this.id, displayName, device };
  }

  /** Its transports and producers. @throws RoomError while they are being made */
  get media(): PeerMedia {
    if (!this.#media) {
      throw new RoomError(errorCodes.conflict, 'wait for the next welcome');
    }
    return this.#media;
  }

  get producers(): Producer[] {
    return [...(this.#media?.producers ?? [])];
  }

  /** What it receives, for a peer that can be reached and consumes. What is missed meanwhile, `join` makes up for. */
  get consuming(): Consuming | undefined {
    return this.#link && this.answered ? this.#consuming : undefined;
  }

  /** Whether this secret allows a new socket to take this peer's place. */
  mayBeResumedWith(secret: string): boolean {
    return this.#secrets.allow(secret);
  }

  /** From now on it is reached by this socket. Resolves when nothing is being done that came by the one before. */
  async attach(link: PeerLink): Promise<void> {
    const former = this.#link;
    this.#link = link;
    clearTimeout(this.#leaving);
    await former?.replaced();
  }

  isReachedBy(link: PeerLink): boolean {
    return this.#link === link && !this.closed;
  }

  /**
   * This socket has gone. Unless another has taken its place, the peer's own is kept for a while, if the others have
   * seen it there.
   *
   * @param longestMs - milliseconds: not for longer than that
   */
  detach(link: PeerLink, longestMs = Number.POSITIVE_INFINITY): void {
    if (this.#link !== link || this.closed) {
      return;
    }
    this.#link = undefined;
    const graceMs = Math.min(this.#options.graceMs, longestMs);
    if (!this.joined || graceMs === 0) {
      this.close('left');
      return;
    }
    this.log.info('peer dropped');
    this.#leaving = setTimeout(() => this.close('did not come back'), graceMs);
  }

  /**
   * Gives it transports.
   *
   * @param roomMedia - where they shall be
   * @param wants - which
   * @param keep - those that it has are good enough, if they are there and such as it wants
   */
  async connect(roomMedia: RoomMedia, wants = this.#wants, keep = false): Promise<void> {
    this.#generation += 1;
    const generation = this.#generation;
    const sameWants = JSON.stringify(wants) === JSON.stringify(this.#wants);
    this.#wants = wants;
    if (!(keep && sameWants && this.#media?.roomMedia === roomMedia && !this.#media.closed)) {
      this.#media?.close();
      this.#media = undefined;
      this.#consuming = undefined;
      const { id, roomId } = this.#options;
      const media = await PeerMedia.create({ roomMedia, roomId, peerId: id, wants });
      if (this.closed || generation !== this.#generation) {
        media.close();
        return;
      }
      this.#media = media;
      media.onOtherPath((direction) => this.emit('otherPath', direction));
    }
    this.emit('connected');
  }

  /** Secret of the `welcome` that is about to be sent. */
  nextSecret(): string {
    return this.#secrets.next();
  }

  /**
   * @returns what it sends and receives, for it to compare
   * @throws RoomError at a second answer to a welcome, or one to an earlier welcome
   */
  join(
    { generation, displayName, device, rtpCapabilities, consumers }: RequestData<'join'>,
    others: Producer[],
  ): Pick<RequestReply<'join'>, 'producers' | 'consumers'> {
    if (generation !== this.#generation) {
      throw new RoomError(errorCodes.conflict, `generation: expected ${this.#generation}`);
    }
    if (this.answered) {
      throw new RoomError(errorCodes.conflict, 'joined already');
    }
    this.#consuming ??= rtpCapabilities && this.#consume(rtpCapabilities);
    this.#answered = generation;
    this.#secrets.answered();
    this.#state = { name: 'joined', displayName, device };
    return {
      producers: this.producers.map(({ id, appData, paused }) => ({
        producerId: id,
        source: appData.source,
        paused,
      })),
      consumers: this.#consuming?.reconcile(consumers ?? [], others) ?? [],
    };
  }

  rename(displayName: string): void {
    this.#joined().displayName = displayName;
  }

  close(reason: CloseReason): void {
    if (this.closed) {
      return;
    }
    const hadJoined = this.joined;
    clearTimeout(this.#leaving);
    this.#state = { name: 'closed' };
    this.#media?.close();
    this.emit('closed', reason, hadJoined);
  }

  #joined(): Extract<State, { name: 'joined' }> {
    if (this.#state.name !== 'joined') {
      throw new RoomError(errorCodes.forbidden, 'join first');
    }
    return this.#state;
  }

  #consume(rtpCapabilities: RtpCapabilities): Consuming | undefined {
    const { recv, roomMedia } = this.media;
    if (!recv) {
      return undefined;
    }
    return new Consuming({
      router: roomMedia.router,
      transport: recv,
      rtpCapabilities: rtpCapabilities as types.RtpCapabilities & RtpCapabilities,
      offer: async (consumers) => {
        if (!this.#link) {
          throw new Error('the peer has no socket');
        }
        return await this.#link.offer(consumers);
      },
      events: {
        closed: (consumerId) => this.emit('consumerClosed', consumerId),
        paused: (consumerId) => this.emit('consumerPaused', consumerId),
        resumed: (consumerId) => this.emit('consumerResumed', consumerId),
        layersChanged: (consumerId, layers) =>
          this.emit('consumerLayersChanged', consumerId, layers),
      },
      log: this.log,
    });
  }
}
