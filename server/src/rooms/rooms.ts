import type { Limits } from '../limits.ts';
import type { Logger } from '../log.ts';
import type { MediaWorker } from '../media/media-worker.ts';
import type { WorkerPool } from '../media/worker-pool.ts';
import type { CloseReason, Peer } from './peer.ts';
import { Room } from './room.ts';
import { RoomMedia } from './room-media.ts';

/** The server, or the room, has no place for more. */
export class FullError extends Error {
  override name = 'FullError';
  readonly limit: 'rooms' | 'peers_per_room';

  /** @param limit - the one that is reached; @param message - for who is refused */
  constructor(limit: FullError['limit'], message: string) {
    super(message);
    this.limit = limit;
  }
}

/** The peer id is in use, and its owner's secret was not given. */
export class PeerIdTakenError extends Error {
  override name = 'PeerIdTakenError';
}

export interface RoomsOptions {
  pool: WorkerPool;
  limits: Pick<Limits, 'rooms' | 'peers_per_room'>;
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
  /** Those of them that are made. */
  readonly #open = new Set<Room>();

  constructor(options: RoomsOptions) {
    this.#options = options;
    options.pool.on('workerdied', (worker) => void this.#closeThoseOn(worker));
  }

  get size(): number {
    return this.#rooms.size;
  }

  /** How many places are taken, of all rooms together. */
  get peers(): number {
    return [...this.#open].reduce((sum, room) => sum + room.size, 0);
  }

  /**
   * Gives a peer its place in a room, which is made if need be.
   *
   * @throws FullError, PeerIdTakenError, NoWorkerError, BusyWorkersError
   */
  async enter({ roomId, peerId, resume, makePeer }: Entry): Promise<{ room: Room; peer: Peer }> {
    let room = await this.#getOrCreate(roomId);
    // Its last peer may have left while we waited.
    while (room.closed) room = await this.#getOrCreate(roomId);

    const present = room.peer(peerId);
    if (present && !(resume && present.mayBeReplacedWith(resume))) {
      throw new PeerIdTakenError('peerId: it is in use in this room');
    }
    if (!present && room.size >= this.#options.limits.peers_per_room) {
      throw new FullError('peers_per_room', `this room is full (${room.size} peers)`);
    }
    const peer = makePeer(present ? present.generation + 1 : 1);
    room.add(peer);
    present?.close('replaced');
    return { room, peer };
  }

  /** Ends every room. */
  async close(reason: CloseReason): Promise<void> {
    for (const room of await this.#all()) room.close(reason);
  }

  #getOrCreate(roomId: string): Promise<Room> {
    const known = this.#rooms.get(roomId);
    if (known) return known;
    if (this.#rooms.size >= this.#options.limits.rooms) {
      return Promise.reject(
        new FullError('rooms', `this server is full (${this.#rooms.size} rooms)`),
      );
    }
    const creating = this.#create(roomId);
    this.#rooms.set(roomId, creating);
    // A room that could not be made may be tried again.
    creating.catch(() => this.#rooms.delete(roomId));
    return creating;
  }

  async #create(roomId: string): Promise<Room> {
    const { pool, log } = this.#options;
    const worker = pool.forNewRoom();
    const media = await RoomMedia.create(worker);
    const room = new Room({ id: roomId, media, log });
    this.#open.add(room);
    room.once('close', () => {
      this.#rooms.delete(roomId);
      this.#open.delete(room);
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
