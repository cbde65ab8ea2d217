/** Detects that a transport receives nothing any more, long before ICE does: Chromium takes 5 to 8 s. */

/** Milliseconds for which past silences are remembered, to know how long a silence usually is. */
const memory = 8_000;
/** Milliseconds. A busy machine or a congested network causes shorter silences. */
const shortest = 1_500;
/** Milliseconds of observation before a transport can be called silent. */
const minObservation = 3_000;

export class SilenceDetector {
  readonly #startedAt: number;
  #count = 0;
  #receivedAt: number | undefined;
  /** Silences that have ended. */
  #past: { readonly end: number; readonly length: number }[] = [];
  #tolerance = 1;

  /** @param now - milliseconds of a monotonic clock */
  constructor(now: number) {
    this.#startedAt = now;
  }

  /**
   * @param count - a counter of everything received: the transport is silent while it doesn't change
   * @param now - milliseconds of the same clock
   * @returns whether something was received since the last call
   */
  update(count: number, now: number): boolean {
    if (count === this.#count) {
      return false;
    }
    this.#past.push({ end: now, length: now - (this.#receivedAt ?? now) });
    this.#past = this.#past.filter(({ end }) => now - end < memory);
    this.#count = count;
    this.#receivedAt = now;
    return true;
  }

  get hasReceived(): boolean {
    return this.#receivedAt !== undefined;
  }

  /**
   * Whether the transport is silent for longer than usual.
   *
   * @param now - milliseconds of the same clock
   * @param atLeast - milliseconds: a shorter silence doesn't count
   */
  isSilent(now: number, atLeast = 0): boolean {
    if (now - this.#startedAt < minObservation || this.#receivedAt === undefined) {
      return false;
    }
    // The longest silence may have been an outage, so the second longest counts. Where only ICE checks are received,
    // the memory holds several of them.
    const [, usual = 0] = this.#past.map(({ length }) => length).toSorted((a, b) => b - a);
    const allowed = Math.max(2 * usual, shortest) * this.#tolerance;
    return now - this.#receivedAt >= Math.max(allowed, atLeast);
  }

  /** The silence was no sign of a broken path: from now on, twice as much silence is tolerated, up to 8 times. */
  falseAlarm(now: number): void {
    this.#tolerance = Math.min(this.#tolerance * 2, 8);
    this.#receivedAt = now;
  }
}
