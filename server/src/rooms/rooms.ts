import type { Limits } from '../limits.ts';
import type { Logger } from '../log.ts';
import type { MediaWorker } from '../media/media-worker.ts';
import type { WorkerPool } from '../media/worker-pool.ts';
import { ChatHistory } from './chat-history.ts';
import { type CloseReason, Peer } from './peer.ts';
import type { Wants } from './peer-media.ts';
import { Room } from './room.ts';
import { RoomMedia } from './room-media.ts';

/** Milliseconds that a room may be without a worker: then its peers are told, and try again by themselves. */
const moveWithinMs = 10_000;

/** One to send, one to receive. */
const transportsOfPeer = 2;

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
  /** Milliseconds that a peer's place is kept for it without a socket. */
  graceMs: number;
  log: Logger;
}

export interface Entry {
  roomId: string;
  peerId: string;
  /** A secret of this peer's: it is here already, and comes back by another socket. */
  resume?: string | undefined;
  wants: Wants;
}

/** All rooms: a room begins with its first peer and ends with its last. */
export class Rooms {
  readonly #options: RoomsOptions;
  readonly #rooms = new Map<string, Promise<Room>>();
  /** Those that have been made. */
  readonly #open = new Set<Room>();

  constructor(options: RoomsOptions) {
    this.#options = options;
    options.pool.on('workerdied', (worker) => this.#moveThoseOn(worker));
  }

  get size(): number {
    return this.#rooms.size;
  }

  /** How many places are taken, of all rooms together. */
  get peers(): number {
    return [...this.#open].reduce((sum, room) => sum + room.size, 0);
  }

  /**
   * Gives a peer its place in a room, which is made if need be; or finds the place that it has.
   *
   * @throws FullError, PeerIdTakenError, NoWorkerError, BusyWorkersError
   */
  async enter({ roomId, peerId, resume, wants }: Entry): Promise<{ room: Room; peer: Peer }> {
    let room = await this.#getOrCreate(roomId);
    // Its last peer may have left while we waited.
    while (room.closed) room = await this.#getOrCreate(roomId);

    const present = room.peer(peerId);
    if (present) {
      if (resume && present.mayBeResumedWith(resume)) return { room, peer: present };
      throw new PeerIdTakenError('peerId: it is in use in this room');
    }
    if (room.size >= this.#options.limits.peers_per_room) {
      throw new FullError('peers_per_room', `this room is full (${room.size} peers)`);
    }
    const { graceMs, log } = this.#options;
    const peer = new Peer({ id: peerId, roomId, wants, graceMs, log });
    room.add(peer);
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
    const chat = new ChatHistory();
    const media = await placeRoom(async () => pool.forNewRoom(transportsOfPeer), chat);
    const room = new Room({ id: roomId, media, chat, log });
    this.#open.add(room);
    room.once('close', () => {
      this.#open.delete(room);
      this.#rooms.delete(roomId);
      log.info({ roomId }, 'room closed');
    });
    log.info({ roomId, workerIndex: media.worker.index }, 'room opened');
    return room;
  }

  #moveThoseOn(worker: MediaWorker): void {
    for (const room of this.#open) if (room.media.worker === worker) void this.#move(room);
  }

  /** Carries a room on elsewhere, its worker having died. */
  async #move(room: Room): Promise<void> {
    const { pool, log } = this.#options;
    try {
      const transports = transportsOfPeer * room.size;
      const next = () => pool.nextLeastLoaded(transports, moveWithinMs);
      const media = await placeRoom(next, room.chat);
      if (room.closed) media.close();
      else await room.moveTo(media);
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
      if (!media.closed) return media;
    } catch (error) {
      if (!worker.worker.closed) throw error;
    }
  }
}
