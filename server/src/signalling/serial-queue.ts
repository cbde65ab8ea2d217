/** Runs jobs one after another, in the order in which they were pushed. */
export class SerialQueue {
  readonly #maxLength: number;
  #last: Promise<void> = Promise.resolve();
  #length = 0;
  #ended = false;

  /** @param maxLength - how many jobs may wait or run: 1 or more */
  constructor(maxLength: number) {
    this.#maxLength = maxLength;
  }

  /**
   * @param job - must not reject
   * @returns false when the queue is full and the job will not run
   */
  push(job: () => Promise<void>): boolean {
    if (this.#length >= this.#maxLength) {
      return false;
    }
    this.#length += 1;
    const unlessEnded = () => (this.#ended ? Promise.resolve() : job());
    this.#last = this.#last.then(unlessEnded).finally(() => {
      this.#length -= 1;
    });
    return true;
  }

  /** Drops the waiting jobs. Resolves when the running one is done. */
  end(): Promise<void> {
    this.#ended = true;
    return this.#last;
  }
}
