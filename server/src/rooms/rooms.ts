import { refusals } from '@oneport/protocol';
import { RefusedError } from '../access/access.ts';
import type { Logger } from '../log.ts';
import type { MediaWorker } from '../media/media-worker.ts';
import type { WorkerPool } from '../media/worker-pool.ts';
import { passDoor, type Visitor } from './door.ts';
import { Lobby } from './lobby.ts';
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

export interface RoomsOptions {
  pool: WorkerPool;
  limits: { maxRooms: number; maxPeersPerRoom: number };
  log: Logger;
}

export interface Entry extends Visitor {
  /** Makes the peer, once its place is certain. */
  makePeer(generation: number): Peer;
}

/** All rooms: a room begins with its first peer and ends with its last. */
export class Rooms {
  /** Those who wait to be let into one. */
  readonly lobby = new Lobby();
  readonly #options: RoomsOptions;
  readonly #rooms = new Map<string, Promise<Room>>();

  constructor(options: RoomsOptions) {
    this.#options = options;
    options.pool.on('workerdied', (worker) => void this.#closeThoseOn(worker));
    this.lobby.on('change', (roomId) => void this.#showLobby(roomId));
  }

  get size(): number {
    return this.#rooms.size;
  }

  /**
   * Gives a peer its place in a room, which is made if need be.
   *
   * @throws FullError, PeerIdTakenError, NoWorkerError, RefusedError, LobbyFullError
   */
  async enter(entry: Entry): Promise<{ room: Room; peer: Peer }> {
    const { roomId, peerId, resume, access, makePeer } = entry;
    await passDoor(entry, this.lobby, (id) => this.#find(id));
    let room = await this.#getOrCreate(roomId);
    // Its last peer may have left while we waited.
    while (room.closed) room = await this.#getOrCreate(roomId);

    // While we waited, again.
    if (room.moderation.hasRemoved(access)) throw new RefusedError(refusals.removed);

    const present = room.peer(peerId);
    const isSame = present?.access.subject === access.subject;
    if (present && !(isSame && resume && present.mayBeReplacedWith(resume))) {
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

  /** Ends every room. */
  async close(reason: CloseReason): Promise<void> {
    for (const room of await this.#all()) room.close(reason);
  }

  /** The room, if it is open. */
  async #find(roomId: string): Promise<Room | undefined> {
    const room = await this.#rooms.get(roomId)?.catch(() => undefined);
    return room?.closed ? undefined : room;
  }

  async #showLobby(roomId: string): Promise<void> {
    (await this.#find(roomId))?.moderation.showLobby();
  }

  #getOrCreate(roomId: string): Promise<Room> {
    const known = this.#rooms.get(roomId);
    if (known) return known;
    if (this.#rooms.size >= this.#options.limits.maxRooms) {
      return Promise.reject(new FullError(`this server is full (${this.#rooms.size} rooms)`));
    }
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
    const room = new Room({ id: roomId, media, lobby: this.lobby, log });
    room.once('close', () => {
      this.#rooms.delete(roomId);
      // What it was locked for has ended with it.
      this.lobby.endAll(roomId, 'again');
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
