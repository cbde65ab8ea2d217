/** Runs jobs one after another, in the order they came. */
export class SerialQueue {
  readonly #longest: number;
  #last: Promise<void> = Promise.resolve();
  #length = 0;
  #ended = false;

  /** @param longest - how many jobs may wait */
  constructor(longest: number) {
    this.#longest = longest;
  }

  /**
   * @param job - must deal with its own errors: they'd be nobody's
   * @returns false when the queue is full, and the job will not run
   */
  push(job: () => Promise<void>): boolean {
    if (this.#length >= this.#longest) {
      return false;
    }
    this.#length += 1;
    const unlessEnded = () => (this.#ended ? Promise.resolve() : job());
    this.#last = this.#last.then(unlessEnded).finally(() => {
      this.#length -= 1;
    });
    return true;
  }

  /** What waits will not run. Resolves when what runs is done. */
  end(): Promise<void> {
    this.#ended = true;
    return this.#last;
  }
}
