/** The things that have just happened, until each is dismissed. */
import type { Notice } from './snapshot.ts';

const mostAtOnce = 4;

type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;

export class Notices {
  readonly #onChange: (notices: readonly Notice[]) => void;
  #notices: readonly Notice[] = [];
  #lastId = 0;

  constructor(onChange: (notices: readonly Notice[]) => void) {
    this.#onChange = onChange;
  }

  add(notice: DistributiveOmit<Notice, 'id'>): void {
    this.#lastId += 1;
    this.#set([...this.#notices, { ...notice, id: this.#lastId } as Notice].slice(-mostAtOnce));
  }

  remove(id: number): void {
    this.#set(this.#notices.filter((notice) => notice.id !== id));
  }

  removeAll(type: Notice['type']): void {
    this.#set(this.#notices.filter((notice) => notice.type !== type));
  }

  clear(): void {
    this.#set([]);
  }

  #set(notices: readonly Notice[]): void {
    this.#notices = notices;
    this.#onChange(notices);
  }
}
