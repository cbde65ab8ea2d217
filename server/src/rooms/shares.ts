import { networksOf } from '../net/ip.ts';

/** The owner of a share. */
export interface ShareHolder {
  /** Of a token; undefined where no token is required. */
  subject: string | undefined;
  /** As limits count it (`limitKeyOf`). */
  address: string;
}

type ShareName = 'subject' | 'address';

/** Counts how much each token subject and each address holds of a limited resource, so that none of them takes all of it. */
export class Shares {
  readonly #max: Record<ShareName, number>;
  readonly #held = new Map<string, number>();

  /** @param max - the share of one subject, and of one address */
  constructor(max: Record<ShareName, number>) {
    this.#max = max;
  }

  /** @returns the share that is used up; undefined: the holder may take one more */
  exceeded(holder: ShareHolder): ShareName | undefined {
    return keysOf(holder).find(
      ({ name, key, shares }) => (this.#held.get(key) ?? 0) >= shares * this.#max[name],
    )?.name;
  }

  /** Takes one. @returns gives it back; to be called once */
  take(holder: ShareHolder): () => void {
    const add = (count: number) => {
      for (const { key } of keysOf(holder)) {
        const held = (this.#held.get(key) ?? 0) + count;
        if (held > 0) {
          this.#held.set(key, held);
        } else {
          this.#held.delete(key);
        }
      }
    };
    add(1);
    return () => add(-1);
  }
}

function keysOf(holder: ShareHolder): { name: ShareName; key: string; shares: number }[] {
  const { subject, address } = holder;
  const ofSubject = { name: 'subject' as const, key: `subject ${subject}`, shares: 1 };
  const ofNetworks = networksOf(address).map(({ key, shares }) => ({
    name: 'address' as const,
    key: `address ${key}`,
    shares,
  }));
  return subject === undefined ? ofNetworks : [ofSubject, ...ofNetworks];
}
