/** When to try UDP again while media goes over TCP: after 10 s, then at doubling intervals up to 5 minutes. */
import type { MediaPath } from './media-paths.ts';

/** Milliseconds. */
const initialDelay = 10_000;
const maxDelay = 300_000;

export class UdpRetry {
  readonly #udpOffered: boolean;
  #delay = initialDelay;
  #dueAt: number | undefined;

  /** @param offered - the paths that the server offers; without UDP among them, no retry is ever due */
  constructor(offered: readonly MediaPath[]) {
    this.#udpOffered = offered.some(({ protocol }) => protocol === 'udp');
  }

  /**
   * @param protocol - of the selected candidate pair, undefined while nothing is connected
   * @param now - milliseconds of a monotonic clock
   * @returns whether to try now
   */
  isDue(protocol: MediaPath['protocol'] | undefined, now: number): boolean {
    if (!this.#udpOffered || protocol === undefined) {
      return false;
    }
    if (protocol === 'udp') {
      this.reset();
      return false;
    }
    this.#dueAt ??= now + this.#delay;
    if (now < this.#dueAt) {
      return false;
    }
    this.#delay = Math.min(this.#delay * 2, maxDelay);
    this.#dueAt = now + this.#delay;
    return true;
  }

  /** Starts again with the initial delay: on another network, earlier failures mean nothing. */
  reset(): void {
    this.#delay = initialDelay;
    this.#dueAt = undefined;
  }
}
