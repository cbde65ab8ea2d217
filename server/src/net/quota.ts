import { networksOf } from './ip.ts';

/** The client that takes something. Without a subject or an address, only the other share and the total count. */
export interface Holder {
  /** Of a token. */
  readonly subject?: string | undefined;
  /** As limits count it (`limitKeyOf`). */
  readonly address?: string | undefined;
}

/** How many things there may be, in total and for each address and each token subject; each 1 or more. */
export interface QuotaLimits {
  readonly total: number;
  readonly address: number;
  readonly subject?: number;
}

/** Which limit is reached. */
export type QuotaExceeded = keyof QuotaLimits;

interface Share {
  readonly name: 'subject' | 'address';
  readonly key: string;
  readonly max: number;
}

/**
 * Counts things of which no token subject and no address may take all, such as connections. Those that hold nothing use
 * no memory.
 */
export class Quota {
  readonly #limits: QuotaLimits;
  readonly #countByKey = new Map<string, number>();
  #count = 0;

  constructor(limits: QuotaLimits) {
    this.#limits = limits;
  }

  get count(): number {
    return this.#count;
  }

  /** @returns the limit that allows no more for this holder; undefined: it may take one more */
  exceeded(holder: Holder): QuotaExceeded | undefined {
    const share = this.#sharesOf(holder).find(({ key, max }) => this.#countOf(key) >= max);
    return share?.name ?? (this.#count >= this.#limits.total ? 'total' : undefined);
  }

  /** Counts one more, even beyond a limit. @returns uncounts it; may be called repeatedly */
  take(holder: Holder): () => void {
    const keys = this.#sharesOf(holder).map(({ key }) => key);
    const add = (count: 1 | -1) => {
      this.#count += count;
      for (const key of keys) {
        const held = this.#countOf(key) + count;
        if (held > 0) {
          this.#countByKey.set(key, held);
        } else {
          this.#countByKey.delete(key);
        }
      }
    };
    add(1);
    let held = true;
    return () => {
      if (held) {
        held = false;
        add(-1);
      }
    };
  }

  /** Counts one more if no limit is reached. @returns as take(), or the limit */
  acquire(holder: Holder): (() => void) | QuotaExceeded {
    return this.exceeded(holder) ?? this.take(holder);
  }

  #countOf(key: string): number {
    return this.#countByKey.get(key) ?? 0;
  }

  #sharesOf({ subject, address }: Holder): Share[] {
    const { subject: maxOfSubject } = this.#limits;
    const ofSubject: Share[] =
      subject === undefined || maxOfSubject === undefined
        ? []
        : [{ name: 'subject', key: `subject ${subject}`, max: maxOfSubject }];
    const networks = address === undefined ? [] : networksOf(address);
    return [
      ...ofSubject,
      ...networks.map(
        ({ key, shares }): Share => ({ name: 'address', key, max: this.#maxOf(shares) }),
      ),
    ];
  }

  /** A network of many addresses gets half of the total at most. */
  #maxOf(shares: number): number {
    const { total, address } = this.#limits;
    return Math.max(address, Math.min(shares * address, Math.floor(total / 2)));
  }
}
