import { once } from 'node:events';
import type { Logger } from '../log.ts';
import type { MediaWorker } from '../media/media-worker.ts';
import { NoWorkerError, type WorkerPool } from '../media/worker-pool.ts';
import type { CloseReason, Peer } from './peer.ts';
import { Room } from './room.ts';
import { RoomMedia } from './room-media.ts';

/** The server, or the room, has no place for more. */
export class FullError extends Error {
  override name = 'FullError';
}

/** The peer id is in use, and its owner's secret was not given. */
export class PeerIdTakenError extends Error {
  override name = 'PeerIdTakenError';
}

/** The server is about to stop: rooms that are there go on until then, others begin elsewhere. */
export class StoppingError extends Error {
  override name = 'StoppingError';
}

export interface RoomsOptions {
  pool: WorkerPool;
  limits: { maxRooms: number; maxPeersPerRoom: number };
  log: Logger;
}

export interface Entry {
  roomId: string;
  peerId: string;
  /** The secret of the connection that shall be replaced. */
  resume?: string | undefined;
  /** Makes the peer, once its place is certain. */
  makePeer(generation: number): Peer;
}

/** All rooms: a room begins with its first peer and ends with its last. */
export class Rooms {
  readonly #options: RoomsOptions;
  readonly #rooms = new Map<string, Promise<Room>>();
  /** When the server will stop, as performance.now() counts. */
  #stopsAt: number | undefined;

  constructor(options: RoomsOptions) {
    this.#options = options;
    options.pool.on('workerdied', (worker) => void this.#closeThoseOn(worker));
  }

  get size(): number {
    return this.#rooms.size;
  }

  /** Seconds until the server stops at the latest; undefined: it doesn't. */
  get stopsInSeconds(): number | undefined {
    if (this.#stopsAt === undefined) return undefined;
    return Math.max(0, Math.ceil((this.#stopsAt - performance.now()) / 1000));
  }

  /** Why a room can't begin just now: what `enter` throws then. */
  get whyNoNewRoom(): StoppingError | FullError | NoWorkerError | undefined {
    const { pool, limits } = this.#options;
    if (this.#stopsAt !== undefined) return new StoppingError('the server stops: no new rooms');
    if (this.#rooms.size >= limits.maxRooms) {
      return new FullError(`this server is full (${this.#rooms.size} rooms)`);
    }
    return pool.workers.length === 0 ? new NoWorkerError() : undefined;
  }

  /**
   * Gives a peer its place in a room, which is made if need be.
   *
   * @throws FullError, PeerIdTakenError, NoWorkerError, StoppingError
   */
  async enter({ roomId, peerId, resume, makePeer }: Entry): Promise<{ room: Room; peer: Peer }> {
    let room = await this.#getOrCreate(roomId);
    // Its last peer may have left while we waited.
    while (room.closed) room = await this.#getOrCreate(roomId);

    const present = room.peer(peerId);
    if (present && !(resume && present.mayBeReplacedWith(resume))) {
      throw new PeerIdTakenError('peerId: it is in use in this room');
    }
    if (!present && room.size >= this.#options.limits.maxPeersPerRoom) {
      throw new FullError(`this room is full (${room.size} peers)`);
    }
    const peer = makePeer(present ? present.generation + 1 : 1);
    room.add(peer);
    present?.close('replaced');
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
    for (const room of rooms) room.announceStop(seconds);
    return rooms;
  }

  /** Resolves when every room that is open now has ended. */
  async ended(): Promise<void> {
    for (const room of await this.#all()) if (!room.closed) await once(room, 'close');
  }

  /** Ends every room, and lets none begin any more. */
  async close(reason: CloseReason): Promise<void> {
    this.#stopsAt ??= performance.now();
    for (const room of await this.#all()) room.close(reason);
  }

  #getOrCreate(roomId: string): Promise<Room> {
    const known = this.#rooms.get(roomId);
    if (known) return known;
    const refusal = this.whyNoNewRoom;
    if (refusal) return Promise.reject(refusal);
    const creating = this.#create(roomId);
    this.#rooms.set(roomId, creating);
    // A room that could not be made may be tried again.
    creating.catch(() => this.#rooms.delete(roomId));
    return creating;
  }

  async #create(roomId: string): Promise<Room> {
    const { pool, log } = this.#options;
    const worker = pool.leastLoaded();
    const media = await RoomMedia.create(worker);
    const room = new Room({ id: roomId, media, log });
    room.once('close', () => {
      this.#rooms.delete(roomId);
      log.info({ roomId }, 'room closed');
    });
    log.info({ roomId, workerIndex: worker.index }, 'room opened');
    return room;
  }

  async #closeThoseOn(worker: MediaWorker): Promise<void> {
    for (const room of await this.#all()) {
      if (room.media.worker === worker) room.close('worker died');
    }
  }

  async #all(): Promise<Room[]> {
    const settled = await Promise.allSettled(this.#rooms.values());
    return settled.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  }
}
