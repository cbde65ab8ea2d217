import { limitKeyOf } from '../net/ip.ts';
import { RateLimit } from '../net/rate-limit.ts';

/** After a restart, all peers of an office behind one NAT reconnect at once, some of them twice. */
const burstSeconds = 20;

/** Bounds memory. An attacker with more addresses is beyond a limit per address. */
const maxAddresses = 10_000;

/** Limits how often each address may do something. */
export class AddressRateLimit {
  readonly #perSecond: number;
  /** In the order of the last use, the oldest first. */
  readonly #addresses = new Map<string, RateLimit>();

  /** @param perSecond - per address, 1 or more */
  constructor(perSecond: number) {
    this.#perSecond = perSecond;
  }

  get sizeForTesting(): number {
    return this.#addresses.size;
  }

  /** @returns whether the address may do it once more now */
  take(address: string): boolean {
    const key = limitKeyOf(address);
    const rate =
      this.#addresses.get(key) ?? new RateLimit(this.#perSecond * burstSeconds, this.#perSecond);
    this.#addresses.delete(key);
    this.#addresses.set(key, rate);
    if (this.#addresses.size > maxAddresses) {
      const [oldest] = this.#addresses.keys();
      if (oldest !== undefined) {
        this.#addresses.delete(oldest);
      }
    }
    return rate.take();
  }
}
