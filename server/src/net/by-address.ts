import { limitKeyOf } from './ip.ts';

/** Bounds memory. An attacker with more addresses is beyond a limit per address. */
const maxAddresses = 10_000;

/** A value for each address as limits count them, such as a rate limit. The one that was used longest ago is forgotten first. */
export class ByAddress<T> {
  readonly #create: () => T;
  /** In the order of the last use, the oldest first. */
  readonly #values = new Map<string, T>();

  constructor(create: () => T) {
    this.#create = create;
  }

  get sizeForTesting(): number {
    return this.#values.size;
  }

  /** @param address - see `limitKeyOf` */
  get(address: string): T {
    const key = limitKeyOf(address);
    const value = this.#values.get(key) ?? this.#create();
    this.#values.delete(key);
    this.#values.set(key, value);
    if (this.#values.size > maxAddresses) {
      const [oldest] = this.#values.keys();
      if (oldest !== undefined) {
        this.#values.delete(oldest);
      }
    }
    return value;
  }
}
