/** Which of the two numbers left none. */
export type Full = 'all' | 'key';

/** A number of places, and of them so many for each key. It holds no more keys than places are taken. */
export class Places {
  readonly #max: number;
  readonly #maxPerKey: number;
  readonly #takenBy = new Map<string, number>();
  #taken = 0;

  /** @param max - in all; @param maxPerKey - for each key */
  constructor(max: number, maxPerKey: number) {
    this.#max = max;
    this.#maxPerKey = maxPerKey;
  }

  get taken(): number {
    return this.#taken;
  }

  /** @returns gives the place back, once however often it is called; else why there is none left */
  take(key: string): (() => void) | Full {
    const taken = this.#takenBy.get(key) ?? 0;
    if (taken >= this.#maxPerKey) {
      return 'key';
    }
    if (this.#taken >= this.#max) {
      return 'all';
    }
    this.#taken++;
    this.#takenBy.set(key, taken + 1);
    let given = false;
    return () => {
      if (given) {
        return;
      }
      given = true;
      this.#giveBack(key);
    };
  }

  #giveBack(key: string): void {
    this.#taken--;
    const left = (this.#takenBy.get(key) ?? 0) - 1;
    if (left > 0) {
      this.#takenBy.set(key, left);
    } else {
      this.#takenBy.delete(key);
    }
  }
}
