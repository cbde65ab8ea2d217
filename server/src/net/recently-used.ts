/** Bounds memory. An attacker with more keys is beyond a limit per key. */
const maxKeys = 10_000;

/** A value for each key, such as a rate limit. The one that was used longest ago is forgotten first. */
export class RecentlyUsed<T> {
  readonly #create: (key: string) => T;
  /** In the order of the last use, the oldest first. */
  readonly #values = new Map<string, T>();

  constructor(create: (key: string) => T) {
    this.#create = create;
  }

  get sizeForTesting(): number {
    return this.#values.size;
  }

  get(key: string): T {
    const value = this.#values.get(key) ?? this.#create(key);
    this.#values.delete(key);
    this.#values.set(key, value);
    if (this.#values.size > maxKeys) {
      const [oldest] = this.#values.keys();
      if (oldest !== undefined) {
        this.#values.delete(oldest);
      }
    }
    return value;
  }
}
