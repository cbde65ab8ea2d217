/** Packets that the server sends to one receiver so close together can be one system call (UDP GSO). */
const withinMs = 1.5;

export interface SizeCounts {
  packets: number;
  /** Sequences of packets of equal size; a packet alone is one too. */
  runs: number;
}

export function noSizes(): SizeCounts {
  return { packets: 0, runs: 0 };
}

/** Counts the packets of equal size that one receiver gets in a row. */
export class SizeRuns {
  readonly #counts: SizeCounts;
  #size = -1;
  #at = 0;

  /** @param counts - to which this receiver adds its own */
  constructor(counts: SizeCounts) {
    this.#counts = counts;
  }

  /**
   * @param size - of the packet, in bytes
   * @param now - milliseconds of `performance.now()`
   */
  add(size: number, now: number): void {
    this.#counts.packets += 1;
    if (size !== this.#size || now - this.#at > withinMs) {
      this.#counts.runs += 1;
    }
    this.#size = size;
    this.#at = now;
  }
}
