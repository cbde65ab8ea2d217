import { once } from 'node:events';
import { closeCodes, closeReasons } from '@oneport/protocol';
import { AdmissionError } from '../access/admission-error.ts';
import type { Limits } from '../config/limits.ts';
import type { MediaWorker } from '../media/media-worker.ts';
import type { WorkerPool } from '../media/worker-pool.ts';
import { type Holder, Quota } from '../net/quota.ts';
import type { Logger } from '../telemetry/log.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import { type AdmissionRequest, waitForAdmission } from './admission.ts';
import { Lobby } from './lobby.ts';
import type { CloseReason } from './participant.ts';
import { Peer } from './peer.ts';
import type { PeerIntent } from './peer-media.ts';
import type { RoomSpread } from './placement.ts';
import { Room } from './room.ts';
import { WorkerLosses } from './worker-losses.ts';

/** Peers of one token subject in a room: the devices of a person, and those that have not yet been missed. */
const peersPerSubject = 10;

type RoomLimits = Pick<
  Limits,
  'rooms' | 'rooms_per_subject' | 'rooms_per_address' | 'peers_per_room' | 'transports_per_peer'
>;

export interface RoomsOptions {
  pool: WorkerPool;
  spread: RoomSpread;
  limits: RoomLimits;
  /** Milliseconds that a peer stays in its room without a socket. */
  graceMs: number;
  telemetry: Telemetry;
  log: Logger;
}

export interface EnterRequest extends AdmissionRequest {
  intent: PeerIntent;
}

/** All rooms of the server. The first peer opens a room, and the last one closes it. */
export class Rooms {
  readonly lobby = new Lobby();
  readonly #options: RoomsOptions;
  readonly #rooms = new Map<string, Room>();
  readonly #losses = new WorkerLosses();
  /** By the client that opened a room, until the room closes. */
  readonly #quota: Quota;
  /** When the server stops at the latest, by performance.now(). */
  #stopsAt: number | undefined;

  constructor(options: RoomsOptions) {
    this.#options = options;
    const { rooms, rooms_per_subject, rooms_per_address } = options.limits;
    this.#quota = new Quota({
      total: rooms,
      subject: rooms_per_subject,
      address: rooms_per_address,
    });
    options.pool.on('workerdied', (worker) => this.#moveFrom(worker));
    this.lobby.on('change', (roomId) => this.#rooms.get(roomId)?.moderation.lobbyChanged());
  }

  get size(): number {
    return this.#rooms.size;
  }

  /** The open rooms by their ids. */
  get open(): ReadonlyMap<string, Room> {
    return this.#rooms;
  }

  /** How many peers are in all rooms together. */
  get peers(): number {
    return [...this.#rooms.values()].reduce((sum, room) => sum + room.size, 0);
  }

  /** How many producers are copied to another worker for a room there. */
  get copies(): number {
    return [...this.#rooms.values()].reduce((sum, { segments }) => sum + segments.pipes.size, 0);
  }

  /** Seconds until the server stops at the latest; undefined: it is not draining. */
  get stopsInSeconds(): number | undefined {
    if (this.#stopsAt === undefined) {
      return undefined;
    }
    return Math.max(0, Math.ceil((this.#stopsAt - performance.now()) / 1000));
  }

  /** Why no room can be opened now: what `enter` would throw. */
  get whyNoNewRoom(): AdmissionError | undefined {
    if (this.#stopsAt !== undefined) {
      return stoppingError();
    }
    return this.#whyFull({}) ?? this.#options.pool.whyNoNewRoom;
  }

  /**
   * Adds a peer to a room, opening the room if necessary, or finds the peer that the client resumes.
   *
   * @throws AdmissionError
   */
  async enter(request: EnterRequest): Promise<{ room: Room; peer: Peer }> {
    const { roomId, peerId, resume, intent, access, address } = request;
    const { limits, graceMs, telemetry, log } = this.#options;
    if (Number(intent.produce) + Number(intent.consume) > limits.transports_per_peer) {
      throw limitError(
        'transports_per_peer',
        `this server grants ${limits.transports_per_peer} transport to a peer: produce or consume, not both`,
      );
    }
    await waitForAdmission(request, this.lobby, (id) => {
      const open = this.#rooms.get(id);
      // Otherwise the client would wait in the lobby of a room that can't be opened here any more.
      if (!open && this.#stopsAt !== undefined) {
        throw stoppingError();
      }
      return open;
    });
    const room =
      this.#rooms.get(roomId) ?? this.#openRoom(roomId, { subject: access.subject, address });
    // A moderator may have decided meanwhile.
    room.moderation.mustNotBeRemoved(access);
    const present = room.participant(peerId);
    if (present) {
      const sameSubject = present.access.subject === access.subject;
      if (present instanceof Peer && sameSubject && resume && present.acceptsSecret(resume)) {
        present.setAccess(access);
        return { room, peer: present };
      }
      throw new AdmissionError(closeCodes.unauthorized, closeReasons.idTaken);
    }
    if (room.size >= limits.peers_per_room) {
      throw limitError('peers_per_room', `the room is full (${room.size} peers)`);
    }
    if (access.subject !== undefined && countOf(room, access.subject) >= peersPerSubject) {
      throw limitError('peers_per_room', `the room has ${peersPerSubject} peers with this subject`);
    }
    const peer = new Peer({ id: peerId, room, intent, access, graceMs, telemetry, log });
    room.add(peer);
    return { room, peer };
  }

  /**
   * Opens no more rooms, and notifies all peers, including those that join later.
   *
   * @param seconds - how long open rooms may continue, from 0
   * @returns the open rooms
   */
  announceStop(seconds: number): Room[] {
    this.#stopsAt = performance.now() + seconds * 1000;
    const rooms = [...this.#rooms.values()];
    for (const room of rooms) {
      room.announceStop(seconds);
    }
    this.lobby.endEverywhere('retry');
    return rooms;
  }

  /** Resolves when all rooms that are open now have closed. */
  async allClosed(): Promise<void> {
    await Promise.all(Array.from(this.#rooms.values(), (room) => once(room, 'close')));
  }

  /** Closes all rooms, and opens no more. */
  close(reason: CloseReason): void {
    this.#stopsAt ??= performance.now();
    for (const room of this.#rooms.values()) {
      room.close(reason);
    }
    this.lobby.endEverywhere('retry');
  }

  /** @throws AdmissionError */
  #openRoom(roomId: string, opener: Holder): Room {
    const heldMs = this.#losses.heldMs(roomId);
    const reason = heldMs > 0 ? givenUpError(heldMs) : (this.whyNoNewRoom ?? this.#whyFull(opener));
    if (reason) {
      throw reason;
    }
    const { pool, spread, log } = this.#options;
    const giveBack = this.#quota.take(opener);
    const room = new Room({ id: roomId, pool, spread, lobby: this.lobby, log });
    this.#rooms.set(roomId, room);
    room.once('close', () => {
      this.#rooms.delete(roomId);
      this.#losses.closed(roomId);
      giveBack();
      // The lock has ended with the room.
      this.lobby.endAll(roomId, 'retry');
      log.info({ roomId }, 'room closed');
    });
    log.info({ roomId }, 'room opened');
    return room;
  }

  /** @param opener - without a subject and an address, only the number of all rooms counts */
  #whyFull(opener: Holder): AdmissionError | undefined {
    const exceeded = this.#quota.exceeded(opener);
    return exceeded === 'total'
      ? limitError('rooms', `the server is full (${this.#rooms.size} rooms)`)
      : exceeded &&
          limitError(`rooms_per_${exceeded}`, `too many rooms were opened with this ${exceeded}`);
  }

  #moveFrom(worker: MediaWorker): void {
    for (const room of this.#rooms.values()) {
      const segment = room.segments.on(worker);
      if (!segment) {
        continue;
      }
      const heldMs = this.#losses.lost(room.id, segment.sinceArrival);
      if (heldMs === 0) {
        void room.moveFrom(worker);
        continue;
      }
      this.#options.log.error({ roomId: room.id, seconds: heldMs / 1000 }, 'room given up');
      room.close('workers keep dying');
    }
  }
}

function countOf(room: Room, subject: string): number {
  return room.participants.filter(({ access }) => access.subject === subject).length;
}

function limitError(limit: keyof RoomLimits, reason: string): AdmissionError {
  return new AdmissionError(closeCodes.tooMany, reason, { limit });
}

/** Sends the client to another instance: open rooms continue here, new ones open there. */
function stoppingError(): AdmissionError {
  return new AdmissionError(
    closeCodes.restart,
    'the server is shutting down and opens no new rooms',
  );
}

function givenUpError(heldMs: number): AdmissionError {
  const seconds = Math.ceil(heldMs / 1000);
  return new AdmissionError(
    closeCodes.tooMany,
    `the workers of this room keep dying: it may open again in ${seconds} s`,
  );
}
