import { setTimeout } from 'node:timers/promises';
import type { Limits } from '../config/limits.ts';
import { NetworkRateLimits } from '../net/network-rate-limits.ts';
import { RateLimit } from '../net/rate-limit.ts';
import { RecentlyUsed } from '../net/recently-used.ts';

/** A peer may use at once the CPU that it saved in these seconds; so may an address, where an office may rejoin. */
const burstSeconds = { peer_cpu: 10, address_cpu: 20 };

type CpuLimit = keyof typeof burstSeconds;

/** Percent of a core that the addresses of a network may use together, unless one address alone may use more. */
const maxOfNetwork = 75;

/**
 * A token bucket of milliseconds of CPU.
 *
 * @param percent - of a core, 1 to 99
 */
function cpuLimit(name: CpuLimit, percent: number): RateLimit {
  const perSecond = percent * 10;
  return new RateLimit(burstSeconds[name] * perSecond, perSecond);
}

/** The buckets of all peers and networks of a server. A setting of 100 percent means that there is no limit. */
export class CpuLimits {
  readonly #ofPeer: RecentlyUsed<RateLimit> | undefined;
  readonly #ofNetwork: NetworkRateLimits | undefined;

  /** @param limits - percent of a core, 1 to 100 */
  constructor({ peer_cpu, address_cpu }: Pick<Limits, CpuLimit>) {
    if (peer_cpu < 100) {
      this.#ofPeer = new RecentlyUsed(() => cpuLimit('peer_cpu', peer_cpu));
    }
    if (address_cpu < 100) {
      this.#ofNetwork = new NetworkRateLimits((shares) =>
        cpuLimit(
          'address_cpu',
          Math.max(address_cpu, Math.min(shares * address_cpu, maxOfNetwork)),
        ),
      );
    }
  }

  /**
   * @param address - as limits count it (`limitKeyOf`)
   * @param peer - the ids of the room and the peer: one that reconnects still owes what it has used
   */
  of(address: string, peer: readonly (string | undefined)[]): Record<CpuLimit, RateLimit[]> {
    const ofPeer = this.#ofPeer?.get(JSON.stringify([address, ...peer]));
    return { peer_cpu: ofPeer ? [ofPeer] : [], address_cpu: this.#ofNetwork?.of(address) ?? [] };
  }
}

/**
 * The CPU time that the server's main thread may spend on one peer's signalling. A peer beyond it has to wait: closing
 * its socket would cost more, because it would come back.
 */
export class CpuBudget {
  readonly #limits: [CpuLimit, readonly RateLimit[]][];
  readonly #onExceeded: (limit: CpuLimit) => void;

  /**
   * @param limits - that of the peer, and those that it shares with all peers of its address and its networks
   * @param onExceeded - called when the peer has to wait from now on, with the reason
   */
  constructor(
    limits: Record<CpuLimit, readonly RateLimit[]>,
    onExceeded: (limit: CpuLimit) => void,
  ) {
    this.#limits = Object.entries(limits) as [CpuLimit, readonly RateLimit[]][];
    this.#onExceeded = onExceeded;
  }

  /** Milliseconds until the server may do more for the peer. */
  get waitMs(): number {
    return Math.max(...this.#limits.map(([, limits]) => owedMs(limits)));
  }

  /** Resolves when the server may do more for the peer, or the signal is aborted. */
  async available(signal: AbortSignal): Promise<void> {
    for (let ms = this.waitMs; ms > 0 && !signal.aborted; ms = this.waitMs) {
      await setTimeout(ms, undefined, { signal }).catch(() => undefined);
    }
  }

  /** @param ms - milliseconds of CPU */
  spend(ms: number): void {
    for (const [name, limits] of this.#limits) {
      const owed = owedMs(limits) > 0;
      for (const limit of limits) {
        limit.spend(ms);
      }
      if (!owed && owedMs(limits) > 0) {
        this.#onExceeded(name);
      }
    }
  }

  /** @returns spends the CPU time from now to its call, within the same turn of the event loop */
  start(): () => void {
    const before = process.threadCpuUsage();
    return () => {
      const { user, system } = process.threadCpuUsage(before);
      this.spend((user + system) / 1000);
    };
  }

  /** Spends the CPU time that a function takes until it returns or throws. */
  measure<T>(run: () => T): T {
    const stop = this.start();
    try {
      return run();
    } finally {
      stop();
    }
  }
}

function owedMs(limits: readonly RateLimit[]): number {
  return Math.max(0, ...limits.map(({ owesForMs }) => owesForMs));
}
