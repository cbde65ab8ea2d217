import { networksOf } from './ip.ts';

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
   * @param key - what the connection's remote address counts as (`limitKeyOf`); undefined: it counts in total only
   * @returns a function that uncounts it, which may be called repeatedly; or the limit that was reached
   */
  acquire(key: string | undefined): (() => void) | QuotaExceeded {
    const networks = key === undefined ? [] : networksOf(key);
    if (networks.some((network) => this.#countOf(network.key) >= this.#maxOf(network.shares))) {
      return 'key';
    }
    if (this.#count >= this.#max) {
      return 'total';
    }
    this.#count++;
    for (const network of networks) {
      this.#countByKey.set(network.key, this.#countOf(network.key) + 1);
    }
    let released = false;
    return () => {
      if (!released) {
        released = true;
        this.#release(networks);
      }
    };
  }

  #countOf(key: string): number {
    return this.#countByKey.get(key) ?? 0;
  }

  /** A network of many addresses gets half of the total at most. */
  #maxOf(shares: number): number {
    const max = Math.min(shares * this.#maxPerKey, Math.floor(this.#max / 2));
    return Math.max(this.#maxPerKey, max);
  }

  #release(networks: readonly { key: string }[]): void {
    this.#count--;
    for (const { key } of networks) {
      const left = this.#countOf(key) - 1;
      if (left > 0) {
        this.#countByKey.set(key, left);
      } else {
        this.#countByKey.delete(key);
      }
    }
  }
}
