/** When to try UDP again while media goes over TCP: at growing distances. */
import type { MediaPath } from './media-paths.ts';

/** Milliseconds. */
const first = 10_000;
const longest = 300_000;

export class UdpReturn {
  readonly #offered: boolean;
  #delay = first;
  #dueAt: number | undefined;

  /** @param offered - what the server offers: without UDP among it there is nothing to return to */
  constructor(offered: readonly MediaPath[]) {
    this.#offered = offered.some(({ protocol }) => protocol === 'udp');
  }

  /**
   * @param protocol - what media goes over, undefined while nothing is connected
   * @param now - milliseconds of any clock that only goes forward
   * @returns whether this is the time for an attempt
   */
  isDue(protocol: MediaPath['protocol'] | undefined, now: number): boolean {
    if (!this.#offered || protocol === undefined) {
      return false;
    }
    if (protocol === 'udp') {
      this.networkChanged();
      return false;
    }
    this.#dueAt ??= now + this.#delay;
    if (now < this.#dueAt) {
      return false;
    }
    this.#delay = Math.min(this.#delay * 2, longest);
    this.#dueAt = now + this.#delay;
    return true;
  }

  /** What was tried before says nothing any more. */
  networkChanged(): void {
    this.#delay = first;
    this.#dueAt = undefined;
  }
}
