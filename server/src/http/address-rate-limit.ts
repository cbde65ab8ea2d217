import { ByAddress } from '../net/by-address.ts';
import { RateLimit } from '../net/rate-limit.ts';

/** After a restart, all peers of an office behind one NAT reconnect at once, some of them twice. */
const burstSeconds = 20;

/** Limits how often each address may do something. */
export class AddressRateLimit {
  readonly #addresses: ByAddress<RateLimit>;

  /** @param perSecond - per address, 1 or more */
  constructor(perSecond: number) {
    this.#addresses = new ByAddress(() => new RateLimit(perSecond * burstSeconds, perSecond));
  }

  /** @returns whether the address may do it once more now */
  take(address: string): boolean {
    return this.#addresses.get(address).take();
  }

  /**
   * The address has done it once, although it may not have been allowed to: it owes that, but never more than a burst,
   * because others may share the address.
   */
  spend(address: string): void {
    const limit = this.#addresses.get(address);
    if (limit.owesForMs < burstSeconds * 1000) {
      limit.spend(1);
    }
  }

  owes(address: string): boolean {
    return this.#addresses.get(address).owesForMs > 0;
  }
}
