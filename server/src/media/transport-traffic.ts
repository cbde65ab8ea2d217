import type { types } from 'mediasoup';

/** Counted up since the transport was made. */
export interface TrafficTotals {
  /** When it was asked for, by `performance.now()`. */
  at: number;
  bytesIn: number;
  bytesOut: number;
  /** RTP only: mediasoup counts packets for its producers and consumers, and bytes for its transports. */
  packetsIn: number;
  packetsOut: number;
}

type Streams = Set<types.Producer> | Set<types.Consumer>;

/** What a transport carries. Costs nothing until it is asked. */
export class TransportTraffic {
  readonly #transport: types.Transport;
  readonly #producers = new Set<types.Producer>();
  readonly #consumers = new Set<types.Consumer>();
  /** Of each stream, when it was last asked: those that have closed stay in the totals. */
  readonly #packets = new Map<string, number>();
  #packetsIn = 0;
  #packetsOut = 0;

  /** @param transport - made just now */
  constructor(transport: types.Transport) {
    this.#transport = transport;
    transport.observer.on('newproducer', (producer) => {
      this.#producers.add(producer);
      producer.observer.once('close', () => this.#forget(this.#producers, producer));
    });
    transport.observer.on('newconsumer', (consumer) => {
      this.#consumers.add(consumer);
      consumer.observer.once('close', () => this.#forget(this.#consumers, consumer));
    });
  }

  get producers(): Iterable<types.Producer> {
    return this.#producers;
  }

  get consumers(): Iterable<types.Consumer> {
    return this.#consumers;
  }

  /** How many requests to the worker asking it takes. */
  get requests(): number {
    return 1 + this.#producers.size + this.#consumers.size;
  }

  /**
   * Asks the worker (mediasoup API: getStats() of transport, producer and consumer).
   *
   * @throws when the transport has closed
   */
  async ask(): Promise<TrafficTotals> {
    const at = performance.now();
    const [[stats], incoming, outgoing] = await Promise.all([
      this.#transport.getStats() as Promise<types.WebRtcTransportStat[]>,
      this.#newPackets(this.#producers, 'inbound-rtp'),
      this.#newPackets(this.#consumers, 'outbound-rtp'),
    ]);
    this.#packetsIn += incoming;
    this.#packetsOut += outgoing;
    return {
      at,
      bytesIn: stats?.bytesReceived ?? 0,
      bytesOut: stats?.bytesSent ?? 0,
      packetsIn: this.#packetsIn,
      packetsOut: this.#packetsOut,
    };
  }

  async #newPackets(streams: Streams, type: string): Promise<number> {
    const counted = await Promise.all([...streams].map((stream) => this.#newOf(stream, type)));
    return counted.reduce((sum, count) => sum + count, 0);
  }

  async #newOf(stream: types.Producer | types.Consumer, type: string): Promise<number> {
    // It may close while we ask.
    const stats: { type: string; packetCount: number }[] = await stream.getStats().catch(() => []);
    if (stream.closed) {
      return 0;
    }
    const total = stats
      .filter((one) => one.type === type)
      .reduce((sum, { packetCount }) => sum + packetCount, 0);
    const before = this.#packets.get(stream.id) ?? 0;
    this.#packets.set(stream.id, total);
    // A stream that starts anew, with another SSRC say, counts from 0.
    return Math.max(0, total - before);
  }

  #forget<Stream extends types.Producer | types.Consumer>(
    streams: Set<Stream>,
    stream: Stream,
  ): void {
    streams.delete(stream);
    this.#packets.delete(stream.id);
  }
}
