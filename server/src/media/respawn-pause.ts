/** Milliseconds. */
const first = 100;
const longest = 10_000;

/**
 * How long to wait before a worker is started again: not at all when it had lived for long, and ever longer when it
 * keeps dying, so that one that can't live doesn't take the machine from those that can.
 */
export class RespawnPause {
  #next = 0;

  /** @param ms - milliseconds that the worker has lived */
  lived(ms: number): void {
    if (ms >= longest) {
      this.#next = 0;
    }
  }

  /** @returns milliseconds from its death, or from the attempt that failed */
  next(): number {
    const pause = this.#next;
    this.#next = Math.min(Math.max(first, 2 * pause), longest);
    return pause;
  }
}
