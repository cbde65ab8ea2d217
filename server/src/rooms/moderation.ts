import {
  closeCodes,
  closeReasons,
  errorCodes,
  type NotificationData,
  type NotificationMethod,
  type Publishable,
  permissionOfSource,
} from '@oneport/protocol';
import type { Access } from '../access/access.ts';
import { AdmissionError } from '../access/admission-error.ts';
import { throttle } from '../net/throttle.ts';
import type { Logger } from '../telemetry/log.ts';
import type { Lobby } from './lobby.ts';
import type { CloseReason, Participant } from './participant.ts';
import { RoomError } from './room-error.ts';

/** How many removed subjects a room remembers, and how many admitted ones. The oldest are forgotten. */
const rememberedSubjects = 1000;

/** Of a room. Each is a list of up to 50 peers for each moderator. */
const lobbyChanges = { burst: 8, perSecond: 2 };

/** The part of a room that moderation acts on. */
export interface ModeratedRoom {
  readonly id: string;
  /** Includes participants that have not joined yet. */
  readonly participants: readonly Participant[];
  readonly visible: readonly Participant[];
  participant(id: string): Participant | undefined;
  broadcast<M extends NotificationMethod>(method: M, data: NotificationData<M>): void;
  remove(participant: Participant, reason: CloseReason): void;
  close(reason: CloseReason): void;
}

/** The decisions of a room's moderators. They end with the room. */
export class Moderation {
  readonly #room: ModeratedRoom;
  readonly #lobby: Lobby;
  readonly #log: Logger;
  readonly #removed = new BoundedSet(rememberedSubjects);
  readonly #admitted = new BoundedSet(rememberedSubjects);
  /** Mutes of participants that could not be notified. */
  readonly #unsentMutes = new WeakMap<Participant, Set<Publishable>>();
  #locked = false;

  constructor(room: ModeratedRoom, lobby: Lobby, log: Logger) {
    this.#room = room;
    this.#lobby = lobby;
    this.#log = log;
  }

  get locked(): boolean {
    return this.#locked;
  }

  /** @throws AdmissionError when a moderator has removed this subject from the room */
  mustNotBeRemoved({ subject }: Access): void {
    if (subject !== undefined && this.#removed.has(subject)) {
      throw new AdmissionError(closeCodes.forbidden, closeReasons.removed);
    }
  }

  /** Whether a moderator has to admit this client. */
  needsAdmission({ subject, waits, permissions }: Access): boolean {
    if (permissions.moderate || (subject !== undefined && this.#admitted.has(subject))) {
      return false;
    }
    return waits || this.#locked;
  }

  /**
   * Pauses what a participant sends. It may resume by itself: a token without the permission prevents that.
   *
   * @throws RoomError when there is no such participant
   */
  async mute(by: Participant, peerId: string, what: Publishable): Promise<void> {
    const target = this.#target(by, peerId);
    const producers = target.producers.filter(
      ({ appData }) => permissionOfSource[appData.source] === what,
    );
    await Promise.all(producers.map((producer) => producer.pause()));
    if (producers.length > 0 && !target.notify('muted', { what })) {
      this.#unsentMutes.set(target, (this.#unsentMutes.get(target) ?? new Set()).add(what));
    }
    this.#log.info({ peerId: by.id, target: peerId, what }, 'peer muted by moderator');
  }

  /**
   * Removes all participants of a subject, joined or not, turns away its sockets in the lobby, and bans it from the room.
   * A moderator's own other device is removed alone, and may return.
   *
   * @throws RoomError when there is no such participant
   */
  remove(by: Participant, peerId: string): void {
    const target = this.#target(by, peerId);
    const { subject } = target.access;
    this.#log.info({ peerId: by.id, target: peerId }, 'peer removed by moderator');
    if (subject === undefined || subject === by.access.subject) {
      this.#room.remove(target, 'removed by its own subject');
      return;
    }
    this.#removed.add(subject);
    this.#admitted.delete(subject);
    for (const participant of this.#room.participants) {
      if (participant.access.subject === subject) {
        this.#room.remove(participant, 'removed');
      }
    }
    for (const waiting of this.#lobby.of(this.#room.id)) {
      if (this.#lobby.subjectOf(this.#room.id, waiting.peerId) === subject) {
        this.#lobby.end(this.#room.id, waiting.peerId, 'retry');
      }
    }
  }

  /** Closes the room, and sends away those who wait in its lobby. */
  closeRoom(by: Participant): void {
    this.#log.info({ peerId: by.id }, 'room closed by moderator');
    this.#lobby.endAll(this.#room.id, 'room closed');
    this.#room.close('room closed');
  }

  /**
   * Locking sends those to the lobby that have not joined yet: no list has shown them to the moderator. Unlocking
   * admits those who wait only because the room was locked.
   */
  setLocked(by: Participant, locked: boolean): void {
    if (locked === this.#locked) {
      return;
    }
    this.#locked = locked;
    this.#log.info({ peerId: by.id, locked }, 'room lock changed by moderator');
    this.#room.broadcast('roomLocked', { locked });
    if (!locked) {
      this.#lobby.endAll(this.#room.id, 'retry');
      return;
    }
    for (const participant of this.#room.participants) {
      if (!participant.info && this.needsAdmission(participant.access)) {
        this.#room.remove(participant, 'room locked');
      }
    }
  }

  /** @throws RoomError when no such peer waits */
  admit(by: Participant, peerId: string): void {
    const subject = this.#lobby.subjectOf(this.#room.id, peerId);
    if (subject !== undefined) {
      this.#admitted.add(subject);
    }
    this.#endWait(by, peerId, 'admitted');
  }

  /** @throws RoomError when no such peer waits */
  deny(by: Participant, peerId: string): void {
    this.#endWait(by, peerId, 'denied');
  }

  /** Sends a participant that has joined or resumed what it has missed. */
  joined(participant: Participant): void {
    for (const what of this.#unsentMutes.get(participant) ?? []) {
      participant.notify('muted', { what });
    }
    this.#unsentMutes.delete(participant);
    this.#sendLobby([participant]);
  }

  /** The lobby has changed: sends it to all moderators, now or soon. */
  readonly lobbyChanged = throttle(() => this.#sendLobby(this.#room.visible), lobbyChanges);

  #sendLobby(participants: readonly Participant[]): void {
    const waiting = this.#lobby.of(this.#room.id);
    for (const participant of participants) {
      if (participant.access.permissions.moderate) {
        participant.notify('lobbyChanged', { waiting });
      }
    }
  }

  #endWait(by: Participant, peerId: string, outcome: 'admitted' | 'denied'): void {
    if (!this.#lobby.end(this.#room.id, peerId, outcome)) {
      throw new RoomError(errorCodes.notFound, 'peerId: no such peer waits in the lobby');
    }
    this.#log.info({ peerId: by.id, target: peerId, outcome }, 'lobby request answered');
  }

  #target(by: Participant, peerId: string): Participant {
    const participant = this.#room.participant(peerId);
    if (!participant?.info || participant === by) {
      throw new RoomError(errorCodes.notFound, 'peerId: no such other peer in this room');
    }
    return participant;
  }
}

/** A set that forgets the members that were added longest ago. */
export class BoundedSet {
  readonly #members = new Set<string>();
  readonly #maxSize: number;

  /** @param maxSize - 1 or more */
  constructor(maxSize: number) {
    this.#maxSize = maxSize;
  }

  add(member: string): void {
    // A Set keeps the order of insertion: a member that is added again becomes the newest.
    this.#members.delete(member);
    this.#members.add(member);
    const [oldest] = this.#members;
    if (this.#members.size > this.#maxSize && oldest !== undefined) {
      this.#members.delete(oldest);
    }
  }

  delete(member: string): void {
    this.#members.delete(member);
  }

  has(member: string): boolean {
    return this.#members.has(member);
  }
}
