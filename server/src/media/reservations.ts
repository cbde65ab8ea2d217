/** Counts what is about to be created on a worker, so that what begins at the same time spreads over workers. */
export class Reservations {
  readonly #ms: number;
  /** The oldest first. */
  readonly #reservations = new Set<{ count: number }>();
  #total = 0;

  /** @param ms - milliseconds after which a reservation ends, whether or not all of it was created */
  constructor(ms: number) {
    this.#ms = ms;
  }

  /** How many are still to be created. */
  get total(): number {
    return this.#total;
  }

  /** @param count - 0 or more */
  add(count: number): void {
    if (count === 0) {
      return;
    }
    const reservation = { count };
    this.#reservations.add(reservation);
    this.#total += count;
    setTimeout(() => this.#end(reservation), this.#ms).unref();
  }

  /** One was created. */
  fulfil(): void {
    const [oldest] = this.#reservations;
    if (!oldest) {
      return;
    }
    oldest.count -= 1;
    this.#total -= 1;
    if (oldest.count === 0) {
      this.#reservations.delete(oldest);
    }
  }

  #end(reservation: { count: number }): void {
    if (this.#reservations.delete(reservation)) {
      this.#total -= reservation.count;
    }
  }
}
