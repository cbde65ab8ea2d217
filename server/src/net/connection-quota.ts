/** Which limit was reached: the total, or the one for each key. */
export type QuotaExceeded = 'total' | 'key';

/** Limits the number of connections, in total and for each key. Keys without connections use no memory. */
export class ConnectionQuota {
  readonly #max: number;
  readonly #maxPerKey: number;
  readonly #countByKey = new Map<string, number>();
  #count = 0;

  constructor(max: number, maxPerKey: number) {
    this.#max = max;
    this.#maxPerKey = maxPerKey;
  }

  /**
   * Counts one more connection.
   *
   * @param key - what the connection's remote address counts as; undefined: it counts in total only
   * @returns a function that uncounts it, which may be called repeatedly; or the limit that was reached
   */
  acquire(key: string | undefined): (() => void) | QuotaExceeded {
    const ofKey = key === undefined ? 0 : (this.#countByKey.get(key) ?? 0);
    if (key !== undefined && ofKey >= this.#maxPerKey) {
      return 'key';
    }
    if (this.#count >= this.#max) {
      return 'total';
    }
    this.#count++;
    if (key !== undefined) {
      this.#countByKey.set(key, ofKey + 1);
    }
    let released = false;
    return () => {
      if (!released) {
        released = true;
        this.#release(key);
      }
    };
  }

  #release(key: string | undefined): void {
    this.#count--;
    if (key === undefined) {
      return;
    }
    const left = (this.#countByKey.get(key) ?? 0) - 1;
    if (left > 0) {
      this.#countByKey.set(key, left);
    } else {
      this.#countByKey.delete(key);
    }
  }
}
