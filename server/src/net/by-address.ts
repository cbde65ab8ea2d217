import { limitKeyOf } from './ip.ts';
import { RecentlyUsed } from './recently-used.ts';

/** A value for each address as limits count them, such as a rate limit. */
export class ByAddress<T> extends RecentlyUsed<T> {
  /** @param address - see `limitKeyOf` */
  override get(address: string): T {
    return super.get(limitKeyOf(address));
  }
}
