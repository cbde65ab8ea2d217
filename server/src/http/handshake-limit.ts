import { RateLimit } from '../net/rate-limit.ts';
import { limitKeyOf } from './remote-address.ts';

/**
 * Peers behind one NAT that all come back after a restart, each with a second try: an office is let in, a
 * flood is not.
 */
const burstSeconds = 20;

/** How many addresses are remembered. Who comes from more of them is no matter of a limit for each. */
const mostAddresses = 10_000;

/** How many handshakes each address may begin. */
export class HandshakeLimit {
  readonly #perSecond: number;
  /** The one that came longest ago is first. */
  readonly #addresses = new Map<string, RateLimit>();

  /** @param perSecond - of each address, 1 or more */
  constructor(perSecond: number) {
    this.#perSecond = perSecond;
  }

  /** How many addresses are remembered. */
  get size(): number {
    return this.#addresses.size;
  }

  /**
   * Whether one more is allowed now.
   *
   * @param address - whose it is
   */
  take(address: string): boolean {
    const key = limitKeyOf(address);
    const rate =
      this.#addresses.get(key) ?? new RateLimit(this.#perSecond * burstSeconds, this.#perSecond);
    this.#addresses.delete(key);
    this.#addresses.set(key, rate);
    if (this.#addresses.size > mostAddresses) {
      const [oldest] = this.#addresses.keys();
      if (oldest !== undefined) {
        this.#addresses.delete(oldest);
      }
    }
    return rate.take();
  }
}
