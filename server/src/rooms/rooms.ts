import { once } from 'node:events';
import { closeCodes, refusals } from '@oneport/protocol';
import { AdmissionError } from '../config/admission-error.ts';
import type { Limits } from '../config/limits.ts';
import type { MediaWorker } from '../media/media-worker.ts';
import type { WorkerPool } from '../media/worker-pool.ts';
import type { Logger } from '../telemetry/log.ts';
import { passDoor, removedError, type Visitor } from './admission.ts';
import { ChatHistory } from './chat-history.ts';
import { Lobby } from './lobby.ts';
import { type CloseReason, Peer } from './peer.ts';
import type { Wants } from './peer-media.ts';
import { Room } from './room.ts';
import { RoomMedia } from './room-media.ts';

/** Milliseconds that a room may be without a worker: then its peers are told, and try again by themselves. */
const moveWithinMs = 10_000;

/** How many transports a room needs: one for its data, and for each peer one to send and one to receive. */
const transportsFor = (peers: number, ofEach = 2) => 1 + ofEach * peers;

type RoomLimits = Pick<Limits, 'rooms' | 'peers_per_room' | 'transports_per_peer'>;

function limitReached(limit: keyof RoomLimits, reason: string): AdmissionError {
  return new AdmissionError(closeCodes.tooMany, reason, { limit });
}

/** Open rooms go on until the server stops; the client finds another instance for a new one. */
function stoppingError(): AdmissionError {
  return new AdmissionError(closeCodes.restart, 'the server stops: no new rooms');
}

export interface RoomsOptions {
  pool: WorkerPool;
  limits: RoomLimits;
  /** Milliseconds that a peer's place is kept for it without a socket. */
  graceMs: number;
  log: Logger;
}

export interface Entry extends Visitor {
  wants: Wants;
}

/** All rooms: a room begins with its first peer and ends with its last. */
export class Rooms {
  /** Those who wait to be let into one. */
  readonly lobby = new Lobby();
  readonly #options: RoomsOptions;
  readonly #rooms = new Map<string, Promise<Room>>();
  /** When the server will stop, as performance.now() counts. */
  #stopsAt: number | undefined;
  /** Those that have been made. */
  readonly #open = new Set<Room>();

  constructor(options: RoomsOptions) {
    this.#options = options;
    options.pool.on('workerdied', (worker) => this.#moveThoseOn(worker));
    this.lobby.on('change', (roomId) => void this.#showLobby(roomId));
  }

  get size(): number {
    return this.#rooms.size;
  }

  /** Those that have been made, by their ids. */
  get open(): ReadonlyMap<string, Room> {
    return new Map(Array.from(this.#open, (room) => [room.id, room]));
  }

  /** How many places are taken, of all rooms together. */
  get peers(): number {
    return [...this.#open].reduce((sum, room) => sum + room.size, 0);
  }

  /** Seconds until the server stops at the latest; undefined: it doesn't. */
  get stopsInSeconds(): number | undefined {
    if (this.#stopsAt === undefined) {
      return undefined;
    }
    return Math.max(0, Math.ceil((this.#stopsAt - performance.now()) / 1000));
  }

  /** Why a room can't begin just now: what `enter` throws then. */
  get whyNoNewRoom(): AdmissionError | undefined {
    const { pool, limits } = this.#options;
    if (this.#stopsAt !== undefined) {
      return stoppingError();
    }
    if (this.#rooms.size >= limits.rooms) {
      return limitReached('rooms', `this server is full (${this.#rooms.size} rooms)`);
    }
    return pool.whyNoNewRoom;
  }

  /**
   * Gives a peer its place in a room, which is made if need be; or finds the place that it has.
   *
   * @throws AdmissionError
   */
  async enter(entry: Entry): Promise<{ room: Room; peer: Peer }> {
    const { roomId, peerId, resume, wants, access } = entry;
    const { limits } = this.#options;
    if (Number(wants.produce) + Number(wants.consume) > limits.transports_per_peer) {
      throw limitReached(
        'transports_per_peer',
        `a peer may have ${limits.transports_per_peer} transport here: produce or consume, not both`,
      );
    }
    await passDoor(entry, this.lobby, async (id) => {
      const open = await this.#find(id);
      // It could be let in here only to be told then that it must go elsewhere.
      if (!open && this.#stopsAt !== undefined) {
        throw stoppingError();
      }
      return open;
    });
    let room = await this.#getOrCreate(roomId, wants);
    // Its last peer may have left while we waited.
    while (room.closed) {
      room = await this.#getOrCreate(roomId, wants);
    }

    // While we waited, again.
    if (room.moderation.hasRemoved(access)) {
      throw removedError();
    }

    const present = room.peer(peerId);
    if (present) {
      const isSame = present.access.subject === access.subject;
      if (isSame && resume && present.mayBeResumedWith(resume)) {
        present.setAccess(access);
        return { room, peer: present };
      }
      throw new AdmissionError(closeCodes.refused, refusals.idTaken);
    }
    if (room.size >= limits.peers_per_room) {
      throw limitReached('peers_per_room', `this room is full (${room.size} peers)`);
    }
    const { graceMs, log } = this.#options;
    const peer = new Peer({ id: peerId, roomId, wants, access, graceMs, log });
    room.add(peer);
    return { room, peer };
  }

  /**
   * From now on no room begins. Everybody in one is told, and those who come later as well.
   *
   * @param seconds - how long the rooms may go on, from 0
   * @returns the rooms that are open
   */
  async announceStop(seconds: number): Promise<Room[]> {
    this.#stopsAt = performance.now() + seconds * 1000;
    const rooms = await this.#all();
    for (const room of rooms) {
      room.announceStop(seconds);
    }
    this.lobby.endEverywhere('again');
    return rooms;
  }

  /** Resolves when every room that is open now has ended. */
  async ended(): Promise<void> {
    for (const room of await this.#all()) {
      if (!room.closed) {
        await once(room, 'close');
      }
    }
  }

  /** Ends every room, and lets none begin any more. */
  async close(reason: CloseReason): Promise<void> {
    this.#stopsAt ??= performance.now();
    for (const room of await this.#all()) {
      room.close(reason);
    }
    this.lobby.endEverywhere('again');
  }

  /** The room, if it is open. */
  async #find(roomId: string): Promise<Room | undefined> {
    const room = await this.#rooms.get(roomId)?.catch(() => undefined);
    return room?.closed ? undefined : room;
  }

  async #showLobby(roomId: string): Promise<void> {
    (await this.#find(roomId))?.moderation.showLobby();
  }

  #getOrCreate(roomId: string, wants: Wants): Promise<Room> {
    const known = this.#rooms.get(roomId);
    if (known) {
      return known;
    }
    const refusal = this.whyNoNewRoom;
    if (refusal) {
      return Promise.reject(refusal);
    }
    const creating = this.#create(roomId, wants);
    this.#rooms.set(roomId, creating);
    // A room that could not be made may be tried again.
    creating.catch(() => this.#rooms.delete(roomId));
    return creating;
  }

  async #create(roomId: string, { produce, consume }: Wants): Promise<Room> {
    const { pool, log } = this.#options;
    const chat = new ChatHistory();
    const transports = transportsFor(1, Number(produce) + Number(consume));
    const media = await placeRoom(async () => pool.forNewRoom(transports), chat);
    const room = new Room({ id: roomId, media, chat, lobby: this.lobby, log });
    this.#open.add(room);
    room.once('close', () => {
      this.#open.delete(room);
      this.#rooms.delete(roomId);
      // What it was locked for has ended with it.
      this.lobby.endAll(roomId, 'again');
      log.info({ roomId }, 'room closed');
    });
    log.info({ roomId, workerIndex: media.worker.index }, 'room opened');
    return room;
  }

  #moveThoseOn(worker: MediaWorker): void {
    for (const room of this.#open) {
      if (room.media.worker === worker) {
        void this.#move(room);
      }
    }
  }

  /** Carries a room on elsewhere, its worker having died. */
  async #move(room: Room): Promise<void> {
    const { pool, log } = this.#options;
    try {
      const transports = transportsFor(room.size);
      const next = () => pool.nextLeastLoaded(transports, moveWithinMs);
      const media = await placeRoom(next, room.chat);
      if (room.closed) {
        media.close();
      } else {
        await room.moveTo(media);
      }
    } catch (error) {
      log.error({ roomId: room.id, error: String(error) }, 'a room could not be moved');
      room.close('no worker');
    }
  }

  async #all(): Promise<Room[]> {
    const settled = await Promise.allSettled(this.#rooms.values());
    return settled.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  }
}

/** Makes what carries a room. A worker that dies meanwhile gives way to the next. */
async function placeRoom(next: () => Promise<MediaWorker>, chat: ChatHistory): Promise<RoomMedia> {
  for (;;) {
    const worker = await next();
    try {
      const media = await RoomMedia.create(worker, chat);
      if (!media.closed) {
        return media;
      }
    } catch (error) {
      if (!worker.worker.closed) {
        throw error;
      }
    }
  }
}
