import { networkShares, networksOf } from './ip.ts';
import type { RateLimit } from './rate-limit.ts';
import { RecentlyUsed } from './recently-used.ts';

/** A rate limit for each network that was seen lately: an IPv4 address, or an IPv6 /64, /56 and /48. */
export class NetworkRateLimits {
  /** For each size of a network, from the narrowest to the widest. */
  readonly #limits: RecentlyUsed<RateLimit>[];

  /** @param create - gets how many shares of one address the network has */
  constructor(create: (shares: number) => RateLimit) {
    this.#limits = Object.values(networkShares).map(
      (shares) => new RecentlyUsed(() => create(shares)),
    );
  }

  /**
   * @param key - of `limitKeyOf`
   * @returns the limits that apply to an address, from its narrowest network to its widest
   */
  of(key: string): RateLimit[] {
    return networksOf(key).flatMap((network, n) => this.#limits[n]?.get(network.key) ?? []);
  }
}
