import { errorCodes, type Publishable, permissionOfSource } from '@oneport/protocol';
import type { Access } from '../access/access.ts';
import type { Logger } from '../telemetry/log.ts';
import { BoundedSet } from './bounded-set.ts';
import type { Lobby } from './lobby.ts';
import type { CloseReason, Peer } from './peer.ts';
import { RoomError } from './room-error.ts';

/** How many subjects are remembered of those removed, and of those let in: the oldest are forgotten. */
const remembered = 1000;

/** The part of a room that moderating needs. */
export interface Moderated {
  readonly id: string;
  /** All who have joined. */
  readonly peers: Iterable<Peer>;
  peer(peerId: string): Peer | undefined;
  close(reason: CloseReason): void;
}

/** What a room's moderators have decided, as long as the room lives. */
export class Moderation {
  readonly #room: Moderated;
  readonly #lobby: Lobby;
  readonly #log: Logger;
  readonly #removed = new BoundedSet(remembered);
  readonly #admitted = new BoundedSet(remembered);
  /** What was muted of those who had no socket to be told by. */
  readonly #untold = new WeakMap<Peer, Set<Publishable>>();
  #locked = false;

  /** @param lobby - where those wait who want to come in */
  constructor(room: Moderated, lobby: Lobby, log: Logger) {
    this.#room = room;
    this.#lobby = lobby;
    this.#log = log;
  }

  get locked(): boolean {
    return this.#locked;
  }

  /** Whether a moderator has removed it: it can't come back. */
  hasRemoved({ subject }: Access): boolean {
    return subject !== undefined && this.#removed.has(subject);
  }

  /** Whether it has to be let in, and hasn't been yet. */
  mustAsk({ subject, waits, permissions }: Access): boolean {
    if (permissions.moderate || (subject !== undefined && this.#admitted.has(subject))) {
      return false;
    }
    return waits || this.#locked;
  }

  /**
   * Pauses what a peer sends. It may go on when it wants to: who shall not speak at all is given a token without.
   *
   * @throws RoomError when there is no such peer
   */
  async mute(by: Peer, peerId: string, what: Publishable): Promise<void> {
    const peer = this.#other(by, peerId);
    const producers = peer.producers.filter(
      ({ appData }) => permissionOfSource[appData.source] === what,
    );
    await Promise.all(producers.map((producer) => producer.pause()));
    if (producers.length > 0 && !peer.emit('muted', what)) {
      this.#untold.set(peer, (this.#untold.get(peer) ?? new Set()).add(what));
    }
    this.#log.info({ peerId: by.id, target: peerId, what }, 'a moderator muted a peer');
  }

  /**
   * Sends a peer away for good, with all that came by the same subject's tokens.
   *
   * @throws RoomError when there is no such peer
   */
  remove(by: Peer, peerId: string): void {
    const { subject } = this.#other(by, peerId).access;
    this.#log.info({ peerId: by.id, target: peerId }, 'a moderator removed a peer');
    if (subject === undefined) {
      return;
    }
    this.#removed.add(subject);
    this.#admitted.delete(subject);
    for (const peer of [...this.#room.peers]) {
      if (peer.access.subject === subject && peer !== by) {
        peer.close('removed');
      }
    }
  }

  /** Ends the room for everybody, and for those who wait for it. */
  closeRoom(by: Peer): void {
    this.#log.info({ peerId: by.id }, 'a moderator closed the room');
    this.#lobby.endAll(this.#room.id, 'room closed');
    this.#room.close('room closed');
  }

  /** Locked: who comes has to wait. Unlocked: those who waited for this only come in. */
  setLocked(by: Peer, locked: boolean): void {
    if (locked === this.#locked) {
      return;
    }
    this.#locked = locked;
    this.#log.info({ peerId: by.id, locked }, 'a moderator locked or unlocked the room');
    for (const peer of this.#room.peers) {
      peer.emit('roomLocked', locked);
    }
    if (!locked) {
      this.#lobby.endAll(this.#room.id, 'again');
    }
  }

  /** @throws RoomError when nobody of that id waits */
  admit(by: Peer, peerId: string): void {
    const subject = this.#lobby.subjectOf(this.#room.id, peerId);
    if (subject !== undefined) {
      this.#admitted.add(subject);
    }
    this.#end(by, peerId, 'admitted');
  }

  /** @throws RoomError when nobody of that id waits */
  deny(by: Peer, peerId: string): void {
    this.#end(by, peerId, 'denied');
  }

  /** It has joined, perhaps anew: tells it what it has to know. */
  tell(peer: Peer): void {
    for (const what of this.#untold.get(peer) ?? []) {
      peer.emit('muted', what);
    }
    this.#untold.delete(peer);
    this.showLobby([peer]);
  }

  /** Tells moderators who waits. */
  showLobby(peers: Iterable<Peer> = this.#room.peers): void {
    const waiting = this.#lobby.of(this.#room.id);
    for (const peer of peers) {
      if (peer.access.permissions.moderate) {
        peer.emit('lobbyChanged', waiting);
      }
    }
  }

  #end(by: Peer, peerId: string, outcome: 'admitted' | 'denied'): void {
    if (!this.#lobby.end(this.#room.id, peerId, outcome)) {
      throw new RoomError(errorCodes.notFound, 'peerId: nobody of that id is waiting');
    }
    this.#log.info({ peerId: by.id, target: peerId, outcome }, 'a moderator answered the door');
  }

  #other(by: Peer, peerId: string): Peer {
    const peer = this.#room.peer(peerId);
    if (!peer?.joined || peer === by) {
      throw new RoomError(errorCodes.notFound, 'peerId: no such other peer in this room');
    }
    return peer;
  }
}
