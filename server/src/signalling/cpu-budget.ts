import { setTimeout } from 'node:timers/promises';
import type { Limits } from '../config/limits.ts';
import { RateLimit } from '../net/rate-limit.ts';

/** A peer may use at once the CPU that it saved in these seconds; so may an address, where an office may rejoin. */
const burstSeconds = { peer_cpu: 10, address_cpu: 20 };

type CpuLimit = keyof typeof burstSeconds;

/**
 * A token bucket of milliseconds of CPU.
 *
 * @returns undefined when the setting says that there is no limit
 */
export function cpuLimit(limits: Pick<Limits, CpuLimit>, name: CpuLimit): RateLimit | undefined {
  const perSecond = limits[name] * 10;
  return limits[name] === 100
    ? undefined
    : new RateLimit(burstSeconds[name] * perSecond, perSecond);
}

/**
 * The CPU time that the server's main thread may spend on one peer's signalling. A peer beyond it has to wait: closing
 * its socket would cost more, because it would come back.
 */
export class CpuBudget {
  readonly #limits: [CpuLimit, RateLimit][];
  readonly #onExceeded: (limit: CpuLimit) => void;

  /**
   * @param limits - that of the peer, and the one that it shares with all peers of its address
   * @param onExceeded - called when the peer has to wait from now on, with the reason
   */
  constructor(
    limits: Record<CpuLimit, RateLimit | undefined>,
    onExceeded: (limit: CpuLimit) => void,
  ) {
    this.#limits = Object.entries(limits).filter(([, limit]) => limit) as [CpuLimit, RateLimit][];
    this.#onExceeded = onExceeded;
  }

  /** Milliseconds until the server may do more for the peer. */
  get waitMs(): number {
    return Math.max(0, ...this.#limits.map(([, limit]) => limit.owesForMs));
  }

  /** Resolves when the server may do more for the peer, or the signal is aborted. */
  async available(signal: AbortSignal): Promise<void> {
    for (let ms = this.waitMs; ms > 0 && !signal.aborted; ms = this.waitMs) {
      await setTimeout(ms, undefined, { signal }).catch(() => undefined);
    }
  }

  /** @param ms - milliseconds of CPU */
  spend(ms: number): void {
    for (const [name, limit] of this.#limits) {
      const owed = limit.owesForMs > 0;
      limit.spend(ms);
      if (!owed && limit.owesForMs > 0) {
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
