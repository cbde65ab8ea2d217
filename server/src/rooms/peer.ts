import { randomBytes, timingSafeEqual } from 'node:crypto';
import { EventEmitter } from 'node:events';
import {
  type ConsumerOffer,
  errorCodes,
  type PeerInfo,
  type RequestData,
  type RtpCapabilities,
} from '@oneport/protocol';
import type { types } from 'mediasoup';
import type { Logger } from '../log.ts';
import { Consuming } from './consuming.ts';
import { PeerMedia, type Wants } from './peer-media.ts';
import { RoomError } from './room-error.ts';
import type { RoomMedia } from './room-media.ts';

/** Why a peer's place in a room has ended. */
export type CloseReason =
  | 'left'
  | 'replaced'
  | 'not joined in time'
  | 'worker died'
  | 'server stops';

export type PeerEvents = {
  peerJoined: [peer: PeerInfo];
  peerLeft: [peerId: string];
  peerRenamed: [peerId: string, displayName: string];
  consumerClosed: [consumerId: string];
  consumerPaused: [consumerId: string];
  consumerResumed: [consumerId: string];
  consumerLayersChanged: [consumerId: string, layers: types.ConsumerLayers | null];
  activeSpeaker: [peerId: string | null];
  serverStopping: [inSeconds: number];
  closed: [reason: CloseReason, hadJoined: boolean];
};

export interface PeerOptions {
  id: string;
  roomId: string;
  /** Counts the connections of this peer. */
  generation: number;
  wants: Wants;
  /** Shows the peer a batch of consumers; answers with the ids that it takes. */
  offer(consumers: ConsumerOffer[]): Promise<string[]>;
  log: Logger;
}

type State =
  | { name: 'waiting' }
  | { name: 'joined'; displayName: string; consuming: Consuming | undefined }
  | { name: 'closed' };

/** Somebody in a room. */
export class Peer extends EventEmitter<PeerEvents> {
  readonly id: string;
  readonly generation: number;
  readonly resumeSecret = randomBytes(24).toString('base64url');
  readonly log: Logger;
  readonly #options: PeerOptions;
  #media: PeerMedia | undefined;
  #device: PeerInfo['device'] = { flag: 'unknown', name: 'unknown' };
  #state: State = { name: 'waiting' };

  constructor(options: PeerOptions) {
    super();
    this.#options = options;
    this.id = options.id;
    this.generation = options.generation;
    this.log = options.log.child({ roomId: options.roomId, peerId: options.id });
  }

  get joined(): boolean {
    return this.#state.name === 'joined';
  }

  get closed(): boolean {
    return this.#state.name === 'closed';
  }

  get info(): PeerInfo {
    const { displayName } = this.#joined();
    return { peerId: this.id, displayName, device: this.#device };
  }

  /** Its transports and producers, in so far as it is connected. */
  get media(): PeerMedia {
    if (!this.#media) throw new RoomError(errorCodes.forbidden, 'not connected yet');
    return this.#media;
  }

  /** What it receives, for a peer that has joined and consumes. */
  get consuming(): Consuming | undefined {
    return this.#state.name === 'joined' ? this.#state.consuming : undefined;
  }

  /** Whether this secret allows a new socket to take this peer's place. */
  mayBeReplacedWith(secret: string): boolean {
    const [given, expected] = [Buffer.from(secret), Buffer.from(this.resumeSecret)];
    return given.length === expected.length && timingSafeEqual(given, expected);
  }

  /** Makes its transports. */
  async connect(roomMedia: RoomMedia): Promise<PeerMedia> {
    const { id, roomId, wants } = this.#options;
    const media = await PeerMedia.create({ roomMedia, roomId, peerId: id, wants });
    if (this.closed) {
      media.close();
      throw new RoomError(errorCodes.conflict, 'the peer has left');
    }
    this.#media = media;
    return media;
  }

  /** @throws RoomError at a second join, or one that answers an earlier welcome */
  join({ generation, displayName, device, rtpCapabilities }: RequestData<'join'>): void {
    if (this.#state.name !== 'waiting') throw new RoomError(errorCodes.conflict, 'joined already');
    if (generation !== this.generation) {
      throw new RoomError(errorCodes.conflict, `generation: expected ${this.generation}`);
    }
    const consuming = rtpCapabilities && this.#consume(rtpCapabilities);
    this.#device = device;
    this.#state = { name: 'joined', displayName, consuming };
  }

  rename(displayName: string): void {
    this.#joined().displayName = displayName;
  }

  close(reason: CloseReason): void {
    if (this.closed) return;
    const hadJoined = this.joined;
    this.#state = { name: 'closed' };
    this.#media?.close();
    this.emit('closed', reason, hadJoined);
  }

  #joined(): Extract<State, { name: 'joined' }> {
    if (this.#state.name !== 'joined') throw new RoomError(errorCodes.forbidden, 'join first');
    return this.#state;
  }

  #consume(rtpCapabilities: RtpCapabilities): Consuming | undefined {
    const { recv, roomMedia } = this.media;
    if (!recv) return undefined;
    return new Consuming({
      router: roomMedia.router,
      transport: recv,
      rtpCapabilities: rtpCapabilities as types.RtpCapabilities & RtpCapabilities,
      offer: this.#options.offer,
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
