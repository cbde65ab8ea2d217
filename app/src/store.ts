/** One immutable value with listeners, in the form that React's useSyncExternalStore expects. */
export class Store<T extends object> {
  #value: T;
  readonly #listeners = new Set<() => void>();

  constructor(value: T) {
    this.#value = value;
  }

  /** The same object until something changes. */
  readonly get = (): T => this.#value;

  /**
   * @param listener - called after each change
   * @returns unsubscribes
   */
  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  };

  /** Replaces the given fields, and calls the listeners if one of them has changed. */
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
   * Like `update`, for values that are rebuilt each time but rarely differ.
   *
   * @param change - compared as JSON
   */
  updateIfDifferent(change: Partial<T>): void {
    const keys = Object.keys(change) as (keyof T)[];
    const text = (value: Partial<T>) => JSON.stringify(keys.map((name) => value[name]));
    if (text(change) !== text(this.#value)) {
      this.update(change);
    }
  }
}
