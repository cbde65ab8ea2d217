/** A token bucket. */
export class RateLimit {
  readonly #burst: number;
  readonly #perSecond: number;
  readonly #now: () => number;
  #tokens: number;
  #at: number;

  /**
   * @param burst - the size of the bucket
   * @param perSecond - the tokens added each second
   * @param now - the clock, in milliseconds
   */
  constructor(burst: number, perSecond: number, now: () => number = () => performance.now()) {
    this.#burst = burst;
    this.#perSecond = perSecond;
    this.#now = now;
    this.#tokens = burst;
    this.#at = now();
  }

  /** Takes a token. @returns false when there is none */
  take(): boolean {
    if (this.#refill() < 1) {
      return false;
    }
    this.#tokens -= 1;
    return true;
  }

  /** Takes tokens that the bucket need not have: it then owes them. */
  spend(tokens: number): void {
    this.#tokens = this.#refill() - tokens;
  }

  /** Milliseconds until the bucket owes nothing any more. 0: it owes nothing. */
  get owesForMs(): number {
    return Math.max(0, (-this.#refill() / this.#perSecond) * 1000);
  }

  #refill(): number {
    const at = this.#now();
    this.#tokens = Math.min(this.#burst, this.#tokens + ((at - this.#at) / 1000) * this.#perSecond);
    this.#at = at;
    return this.#tokens;
  }
}
