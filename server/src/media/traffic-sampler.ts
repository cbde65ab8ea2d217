import type { TrafficTotals, TransportTraffic } from './transport-traffic.ts';

/** Requests to a worker per round. A transport that takes more is sampled alone. */
const requestsPerRound = 50;

/** Per second, or since the worker was started. */
export type Traffic = Record<(typeof names)[number], number>;

const names = ['bytesIn', 'bytesOut', 'packetsIn', 'packetsOut'] as const;

/**
 * Samples what a worker's transports carry, within a budget of requests per round. Transports that are on view come
 * first, then those that have waited longest. With many transports each is sampled less often, and its rates cover the
 * time between two samples, so their sum stays correct.
 */
export class TrafficSampler {
  readonly #budget: number;
  readonly #last = new Map<string, TrafficTotals>();
  readonly #rates = new Map<string, Traffic>();
  /** The turn in which each transport was last sampled: the smaller, the longer ago. */
  readonly #lastTurn = new Map<string, number>();
  #turn = 0;
  readonly #totals = zero();
  #busy = false;

  /** @param budget - requests per round, 1 or more */
  constructor(budget = requestsPerRound) {
    this.#budget = budget;
  }

  /** By transport id, of those that have been sampled twice. */
  get rates(): ReadonlyMap<string, Traffic> {
    return this.#rates;
  }

  /** The sum of `rates`. */
  get sum(): Traffic {
    const sum = zero();
    for (const rates of this.#rates.values()) {
      for (const name of names) {
        sum[name] += rates[name];
      }
    }
    return sum;
  }

  /** Of all transports, including closed ones, up to the last sample of each. */
  get totals(): Readonly<Traffic> {
    return this.#totals;
  }

  /**
   * One round. Does nothing while a round is under way: requests to a worker that hangs would pile up.
   *
   * @param all - the open transports, by id. The sampler forgets all others
   * @param watched - ids of transports that are on view
   * @returns the ids of the transports that were sampled
   */
  async sample(
    all: ReadonlyMap<string, TransportTraffic>,
    watched: ReadonlySet<string>,
  ): Promise<string[]> {
    if (this.#busy) {
      return [];
    }
    this.#busy = true;
    for (const id of this.#lastTurn.keys()) {
      if (!all.has(id)) {
        this.#forget(id);
      }
    }
    const sampling = new Map<string, Promise<void>>();
    let requests = 0;
    for (const [id, traffic] of this.#inOrder(all, watched)) {
      if (requests > 0 && requests + traffic.requests > this.#budget) {
        break;
      }
      requests += traffic.requests;
      this.#lastTurn.set(id, ++this.#turn);
      sampling.set(id, this.#measure(id, traffic));
    }
    await Promise.all(sampling.values()).finally(() => {
      this.#busy = false;
    });
    return [...sampling.keys()];
  }

  /** One in four is not on view: otherwise the sum would cover only transports that are. */
  #inOrder(
    all: ReadonlyMap<string, TransportTraffic>,
    watched: ReadonlySet<string>,
  ): [string, TransportTraffic][] {
    const lastTurn = ([id]: [string, TransportTraffic]) => this.#lastTurn.get(id) ?? 0;
    const sorted = [...all].sort((a, b) => lastTurn(a) - lastTurn(b));
    const onView = sorted.filter(([id]) => watched.has(id));
    const others = sorted.filter(([id]) => !watched.has(id));
    const ordered: [string, TransportTraffic][] = [];
    for (let i = 0; ordered.length < Math.min(this.#budget, sorted.length); i++) {
      ordered.push(...onView.slice(3 * i, 3 * i + 3), ...others.slice(i, i + 1));
    }
    return ordered;
  }

  async #measure(id: string, traffic: TransportTraffic): Promise<void> {
    // Fails when the transport has closed.
    const now = await traffic.measure().catch(() => undefined);
    const last = this.#last.get(id);
    if (!now || !this.#lastTurn.has(id)) {
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
    this.#lastTurn.delete(id);
    this.#last.delete(id);
    this.#rates.delete(id);
  }
}

function zero(): Traffic {
  return { bytesIn: 0, bytesOut: 0, packetsIn: 0, packetsOut: 0 };
}
