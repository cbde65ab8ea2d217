/**
 * The participants of a room, whatever carries their media: a browser over protoo (`Peer`), or a publisher, player,
 * ingest or recorder of another kind. `Room` depends on these interfaces only.
 */
import type { NotificationData, NotificationMethod, PeerInfo } from '@oneport/protocol';
import type { Access } from '../access/access.ts';
import type { Producer, Segment } from './segment.ts';

/** Receives the producers of the other participants. */
export interface Subscriber {
  /** Neither throws nor rejects: the room does not wait for consumers. */
  add(...producers: Producer[]): void;
  /** @param peerId - only for what this participant sends; by default, for all that is received */
  requestKeyFrames(peerId?: string): void;
}

/** Sends a notification of the protocol. @returns false when the participant can't be reached now */
export type Notify = <M extends NotificationMethod>(
  method: M,
  data: NotificationData<M>,
) => boolean;

/** Why a participant is no longer in the room. */
export type CloseReason =
  | 'left'
  | 'not resumed in time'
  | 'removed'
  /** From another device of the same person. */
  | 'removed by its own subject'
  | 'room closed'
  | 'room locked'
  | 'no worker'
  | 'workers keep dying'
  | 'server stopping';

/** The media that a participant wants. */
export interface Intent {
  produce: boolean;
  consume: boolean;
}

export interface Participant {
  /** Unique in the room; the `peerId` of its producers. */
  readonly id: string;
  readonly access: Access;
  /** As the other participants see it. undefined: it hasn't joined yet, and receives nothing of the room. */
  readonly info: PeerInfo | undefined;
  readonly intent: Intent;
  readonly producers: readonly Producer[];
  /** undefined: it receives no media, or not now. */
  readonly subscriber: Subscriber | undefined;
  readonly notify: Notify;
  /**
   * Called when the participant has another segment, because the worker of the last one has died, and by `Room.connect`
   * for the first one. The transports, producers and consumers in the old one are closed.
   */
  moveTo(segment: Segment): Promise<void>;
  /** Called by the room once, when the participant is no longer in it. */
  close(reason: CloseReason): void;
}
