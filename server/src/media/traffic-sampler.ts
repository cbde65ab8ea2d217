import type { TrafficTotals, TransportTraffic } from './transport-traffic.ts';

/** Requests to a worker for each round. A single transport may take more: it is asked alone then. */
const requestsPerRound = 50;

/** For each second, or since the worker was started. */
export type Traffic = Record<(typeof names)[number], number>;

const names = ['bytesIn', 'bytesOut', 'packetsIn', 'packetsOut'] as const;

/**
 * Asks a worker's transports what they carry: in each round those that have waited longest, those that somebody looks
 * at first, and no more than a number of requests. With many transports each is asked less often; its rates are over
 * the time between, so that their sum stays right.
 */
export class TrafficSampler {
  readonly #budget: number;
  readonly #last = new Map<string, TrafficTotals>();
  readonly #rates = new Map<string, Traffic>();
  /** A number that counts up with each that is asked: the smaller, the longer ago. */
  readonly #askedAt = new Map<string, number>();
  #asked = 0;
  readonly #totals = nothing();
  #busy = false;

  /** @param budget - requests for each round, 1 or more */
  constructor(budget = requestsPerRound) {
    this.#budget = budget;
  }

  /** By transport. Those that have not been asked twice are not in it. */
  get rates(): ReadonlyMap<string, Traffic> {
    return this.#rates;
  }

  /** Of all that are known so far: nothing, when none is. */
  get sum(): Traffic {
    const sum = nothing();
    for (const rates of this.#rates.values()) {
      for (const name of names) {
        sum[name] += rates[name];
      }
    }
    return sum;
  }

  /**
   * Of all transports, those that have closed too. What one of them carried after it was last asked is not in it:
   * it can't be asked any more.
   */
  get totals(): Readonly<Traffic> {
    return this.#totals;
  }

  /** A round, unless one is under way: a worker that hangs isn't asked again, however many want to know. */
  async roundUnlessBusy(...about: Parameters<TrafficSampler['round']>): Promise<void> {
    if (this.#busy) {
      return;
    }
    this.#busy = true;
    await this.round(...about).finally(() => {
      this.#busy = false;
    });
  }

  /**
   * One round.
   *
   * @param all - the open transports, by id: the others are forgotten
   * @param watched - ids of those that somebody looks at
   * @returns the ids of those that were asked
   */
  async round(
    all: ReadonlyMap<string, TransportTraffic>,
    watched: ReadonlySet<string>,
  ): Promise<string[]> {
    for (const id of this.#askedAt.keys()) {
      if (!all.has(id)) {
        this.#forget(id);
      }
    }
    const asking = new Map<string, Promise<void>>();
    let requests = 0;
    for (const [id, traffic] of this.#turns(all, watched)) {
      if (requests > 0 && requests + traffic.requests > this.#budget) {
        break;
      }
      requests += traffic.requests;
      this.#askedAt.set(id, ++this.#asked);
      asking.set(id, this.#ask(id, traffic));
    }
    await Promise.all(asking.values());
    return [...asking.keys()];
  }

  /** Three that are looked at, then one that isn't: else the sum would be of those alone that are looked at. */
  #turns(
    all: ReadonlyMap<string, TransportTraffic>,
    watched: ReadonlySet<string>,
  ): [string, TransportTraffic][] {
    const askedAt = ([id]: [string, TransportTraffic]) => this.#askedAt.get(id) ?? 0;
    const sorted = [...all].sort((a, b) => askedAt(a) - askedAt(b));
    const looked = sorted.filter(([id]) => watched.has(id));
    const others = sorted.filter(([id]) => !watched.has(id));
    const turns: [string, TransportTraffic][] = [];
    for (let i = 0; turns.length < Math.min(this.#budget, sorted.length); i++) {
      turns.push(...looked.slice(3 * i, 3 * i + 3), ...others.slice(i, i + 1));
    }
    return turns;
  }

  async #ask(id: string, traffic: TransportTraffic): Promise<void> {
    // It may have closed.
    const now = await traffic.ask().catch(() => undefined);
    const last = this.#last.get(id);
    if (!now || !this.#askedAt.has(id)) {
      return;
    }
    this.#last.set(id, now);
    for (const name of names) {
      this.#totals[name] += now[name] - (last?.[name] ?? 0);
    }
    if (!last || now.at <= last.at) {
      return;
    }
    const perSecond = (name: (typeof names)[number]) =>
      Math.round(((now[name] - last[name]) / (now.at - last.at)) * 1000);
    this.#rates.set(id, {
      bytesIn: perSecond('bytesIn'),
      bytesOut: perSecond('bytesOut'),
      packetsIn: perSecond('packetsIn'),
      packetsOut: perSecond('packetsOut'),
    });
  }

  #forget(id: string): void {
    this.#askedAt.delete(id);
    this.#last.delete(id);
    this.#rates.delete(id);
  }
}

function nothing(): Traffic {
  return { bytesIn: 0, bytesOut: 0, packetsIn: 0, packetsOut: 0 };
}
