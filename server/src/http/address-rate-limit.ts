import { limitKeyOf } from '../net/ip.ts';
import { NetworkRateLimits } from '../net/network-rate-limits.ts';
import { RateLimit } from '../net/rate-limit.ts';

/** After a restart, all peers of an office behind one NAT reconnect at once, some of them twice. */
const burstSeconds = 20;

/** Limits how often each address may do something. */
export class AddressRateLimit {
  readonly #limits: NetworkRateLimits;

  /** @param perSecond - per address, 1 or more */
  constructor(perSecond: number) {
    this.#limits = new NetworkRateLimits((shares) => {
      const ofNetwork = shares * perSecond;
      return new RateLimit(ofNetwork * burstSeconds, ofNetwork);
    });
  }

  /** @returns whether the address may do it once more now */
  take(address: string): boolean {
    const limits = this.#of(address);
    const exceeded = limits.findIndex((limit) => !limit.take());
    for (const limit of exceeded < 0 ? [] : limits.slice(0, exceeded)) {
      // Gives it back.
      limit.spend(-1);
    }
    return exceeded < 0;
  }

  /**
   * The address has done it once, although it may not have been allowed to: it owes that, but never more than a burst,
   * because others may share the address.
   */
  spend(address: string): void {
    for (const limit of this.#of(address)) {
      if (limit.owesForMs >= burstSeconds * 1000) {
        // The networks around it must not owe what one address does.
        return;
      }
      limit.spend(1);
    }
  }

  owes(address: string): boolean {
    return this.#of(address).some((limit) => limit.owesForMs > 0);
  }

  #of(address: string): RateLimit[] {
    return this.#limits.of(limitKeyOf(address));
  }
}
