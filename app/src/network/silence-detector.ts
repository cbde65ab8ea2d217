/** Tells when a transport has gone silent, long before ICE does: Chromium takes 5 to 8 s. */

/** Milliseconds: how long each silence is remembered, to know what is usual. */
const memory = 8_000;
/** Below this, a busy machine's or a full network's pause would do. */
const shortest = 1_500;
/** No transport is called silent before it was listened to for so long. */
const listening = 3_000;

export class Silence {
  readonly #began: number;
  #count = 0;
  #heardAt: number | undefined;
  /** Silences that have ended. */
  #past: { readonly end: number; readonly length: number }[] = [];
  #patience = 1;

  /** @param now - milliseconds of any clock that only goes forward */
  constructor(now: number) {
    this.#began = now;
  }

  /**
   * @param count - of all that has come: it is silent while this stays the same
   * @returns whether something has come since the last look
   */
  look(count: number, now: number): boolean {
    if (count === this.#count) {
      return false;
    }
    this.#past.push({ end: now, length: now - (this.#heardAt ?? now) });
    this.#past = this.#past.filter(({ end }) => now - end < memory);
    this.#count = count;
    this.#heardAt = now;
    return true;
  }

  get heardOnce(): boolean {
    return this.#heardAt !== undefined;
  }

  /** Whether it is silent for longer than is usual. @param atLeast - milliseconds */
  unusual(now: number, atLeast = 0): boolean {
    if (now - this.#began < listening || this.#heardAt === undefined) {
      return false;
    }
    // What happened once isn't usual: it may have been an outage. Where only ICE's checks come, memory holds several.
    const [, usual = 0] = this.#past.map(({ length }) => length).toSorted((a, b) => b - a);
    const allowed = Math.max(2 * usual, shortest) * this.#patience;
    return now - this.#heardAt >= Math.max(allowed, atLeast);
  }

  /** It was no sign of trouble: from now on, twice as long is usual. */
  falseAlarm(now: number): void {
    this.#patience = Math.min(this.#patience * 2, 8);
    this.#heardAt = now;
  }
}
