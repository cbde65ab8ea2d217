import { networksOf } from '../net/ip.ts';

/** A queue, as `QueuedBytes` sees it. */
interface CountedQueue {
  /** The client's, as limits count it (`limitKeyOf`). */
  readonly address: string;
  /** The queue accepts no more, and frees what it holds. */
  evict(): void;
}

/**
 * Bounds the bytes that all queues of a server hold together. Beyond the limit, the network that holds the most loses
 * its largest queue: if the next job was rejected instead, one network could have the sockets of all others closed.
 */
export class QueuedBytes {
  readonly #max: number;
  /** Without those that were evicted. */
  readonly #held = new Map<CountedQueue, number>();
  #used = 0;

  /** @param max - bytes */
  constructor(max: number) {
    this.#max = max;
  }

  get used(): number {
    return this.#used;
  }

  /** @param change - bytes, negative when they are freed */
  count(queue: CountedQueue, change: number): void {
    const held = (this.#held.get(queue) ?? 0) + change;
    if (held < 0) {
      // It was evicted.
      return;
    }
    this.#used += change;
    if (held > 0) {
      this.#held.set(queue, held);
    } else {
      this.#held.delete(queue);
    }
    while (this.#used > this.#max) {
      this.#evictLargest();
    }
  }

  #evictLargest(): void {
    const ofNetwork = new Map<string | undefined, number>();
    for (const [queue, bytes] of this.#held) {
      const network = widestNetworkOf(queue);
      ofNetwork.set(network, (ofNetwork.get(network) ?? 0) + bytes);
    }
    const [network] = maxOf(ofNetwork);
    const [queue, bytes] = maxOf(
      [...this.#held].filter(([held]) => widestNetworkOf(held) === network),
    );
    this.#held.delete(queue);
    this.#used -= bytes;
    queue.evict();
  }
}

function widestNetworkOf({ address }: CountedQueue): string | undefined {
  return networksOf(address).at(-1)?.key;
}

function maxOf<T>(entries: Iterable<[T, number]>): [T, number] {
  return [...entries].reduce((max, entry) => (entry[1] > max[1] ? entry : max));
}
