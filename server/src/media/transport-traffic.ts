import type { types } from 'mediasoup';

/** Counted since the transport was created. */
export interface TrafficTotals {
  /** When the worker was asked, by performance.now(). */
  at: number;
  bytesIn: number;
  bytesOut: number;
  /** RTP only: mediasoup counts packets of producers and consumers, and bytes of transports. */
  packetsIn: number;
  packetsOut: number;
}

type Streams = Set<types.Producer> | Set<types.Consumer>;

/** Measures what a transport carries. Makes no request to the worker until it is asked. */
export class TransportTraffic {
  readonly #transport: types.Transport;
  readonly #producers = new Set<types.Producer>();
  readonly #consumers = new Set<types.Consumer>();
  /** The last count of each open stream. The totals keep the counts of closed streams. */
  readonly #packets = new Map<string, number>();
  #packetsIn = 0;
  #packetsOut = 0;

  /** @param transport - just created */
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

  /** How many requests to the worker `measure` makes. */
  get requests(): number {
    return 1 + this.#producers.size + this.#consumers.size;
  }

  /**
   * Reads the stats of the transport, its producers and its consumers.
   *
   * @throws when the transport has closed
   */
  async measure(): Promise<TrafficTotals> {
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
    const counted = await Promise.all(
      [...streams].map((stream) => this.#newPacketsOf(stream, type)),
    );
    return counted.reduce((sum, count) => sum + count, 0);
  }

  async #newPacketsOf(stream: types.Producer | types.Consumer, type: string): Promise<number> {
    // The stream may close meanwhile.
    const stats: { type: string; packetCount: number }[] = await stream.getStats().catch(() => []);
    if (stream.closed) {
      return 0;
    }
    const total = stats
      .filter((one) => one.type === type)
      .reduce((sum, { packetCount }) => sum + packetCount, 0);
    const before = this.#packets.get(stream.id) ?? 0;
    this.#packets.set(stream.id, total);
    // The count restarts from 0 when a stream gets another SSRC.
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
