/** One immutable value that can be watched: what React's useSyncExternalStore asks for. */
export class Store<T extends object> {
  #value: T;
  readonly #listeners = new Set<() => void>();

  constructor(value: T) {
    this.#value = value;
  }

  /** The same object as long as nothing has changed. */
  readonly get = (): T => this.#value;

  /**
   * @param listener - called after each change
   * @returns stops the calls
   */
  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  };

  /** Replaces the given fields. Nobody is called if all of them are as they were. */
  update(change: Partial<T>): void {
    const keys = Object.keys(change) as (keyof T)[];
    if (keys.every((name) => Object.is(change[name], this.#value[name]))) {
      return;
    }
    this.#value = { ...this.#value, ...change };
    for (const listener of [...this.#listeners]) {
      listener();
    }
  }

  /**
   * As `update`, for what is made anew each time it is looked at, and mostly says the same.
   *
   * @param change - values that JSON can write
   */
  updateIfOther(change: Partial<T>): void {
    const keys = Object.keys(change) as (keyof T)[];
    const text = (value: Partial<T>) => JSON.stringify(keys.map((name) => value[name]));
    if (text(change) !== text(this.#value)) {
      this.update(change);
    }
  }
}
