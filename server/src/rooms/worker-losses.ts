/** Milliseconds after which a worker's death is no longer held against a room. */
const innocentAfterMs = 5_000;
/** At this many workers lost in a row, a room is given up. */
export const maxLosses = 5;
const firstHoldMs = 10_000;
const maxHoldMs = 3_600_000;
/** Rooms that are remembered. The oldest is forgotten. */
const maxRooms = 1000;

interface Losses {
  inARow: number;
  heldUntil: number;
}

/**
 * The rooms that have lost workers. A peer's media may kill a worker, and moving the room takes it to the next one. So a
 * room is given up when it loses worker after worker, each soon after it came to it: it can't be opened for a while,
 * which doubles each time. A room that only shares these workers is given up too, and survives when it opens again.
 */
export class WorkerLosses {
  readonly #rooms = new Map<string, Losses>();
  readonly #now: () => number;

  /** @param now - milliseconds, monotonic */
  constructor(now = () => performance.now()) {
    this.#now = now;
  }

  /**
   * Counts the death of a room's worker.
   *
   * @param msOnWorker - how long the room was on it
   * @returns milliseconds for which the room is given up; 0: it may move
   */
  lost(roomId: string, msOnWorker: number): number {
    const before = msOnWorker < innocentAfterMs ? (this.#rooms.get(roomId)?.inARow ?? 0) : 0;
    const inARow = before + 1;
    const holdMs =
      inARow < maxLosses ? 0 : Math.min(firstHoldMs * 2 ** (inARow - maxLosses), maxHoldMs);
    // A Map keeps the order of insertion: this room becomes the newest.
    this.#rooms.delete(roomId);
    this.#rooms.set(roomId, { inARow, heldUntil: this.#now() + holdMs });
    const [oldest] = this.#rooms.keys();
    if (this.#rooms.size > maxRooms && oldest !== undefined) {
      this.#rooms.delete(oldest);
    }
    return holdMs;
  }

  /** Milliseconds until a room that was given up may open again; 0: at once. */
  heldMs(roomId: string): number {
    return Math.max(0, (this.#rooms.get(roomId)?.heldUntil ?? 0) - this.#now());
  }

  /** The room has closed. If it was given up, that is remembered. */
  closed(roomId: string): void {
    if (this.heldMs(roomId) === 0) {
      this.#rooms.delete(roomId);
    }
  }
}
