import type { types } from 'mediasoup';
import type { Producer, ProducerData, Segment } from './segment.ts';

/** A producer in one segment, for as long as it is held. */
export interface HeldProducer {
  /** To be consumed or observed on the segment's router. */
  producerId: string;
  /** To be called once it is no longer needed. Further calls do nothing. */
  release(): void;
}

/** The two transports of a pipe, by the segment they belong to. */
type PipeEnds = ReadonlyMap<Segment, types.PipeTransport>;

interface Copy {
  holders: number;
  opening: Promise<types.Producer<ProducerData>>;
}

/**
 * Copies the producers of a room to its other segments: each once for a segment, when it is first asked for there, until
 * it is last released. All copies between two segments share a pair of PipeTransports, which lives as long as both.
 *
 * mediasoup's own `pipeToRouter()` is not used: it listens at both ends by the same settings, but each worker has a port
 * range of its own; and once it has failed for two routers, it fails for them forever.
 */
export class Pipes {
  readonly #ends = new Map<Segment, Map<Segment, Promise<PipeEnds>>>();
  /** By the id of the original. */
  readonly #copies = new Map<Segment, Map<string, Copy>>();

  /** How many copies there are. */
  get size(): number {
    return [...this.#copies.values()].reduce((sum, copies) => sum + copies.size, 0);
  }

  /**
   * Finds a producer in a segment, copying it there if necessary.
   *
   * @throws when either has closed; NoPortError
   */
  async hold(producer: Producer, segment: Segment): Promise<HeldProducer> {
    if (producer.appData.segment === segment) {
      return { producerId: producer.id, release: () => {} };
    }
    if (producer.closed || segment.closed) {
      throw new Error('the producer or the segment has closed');
    }
    const copies = within(this.#copies, segment);
    const copy = copies.get(producer.id) ?? this.#open(producer, segment, copies);
    copy.holders += 1;
    let held = true;
    const release = () => {
      if (!held) {
        return;
      }
      held = false;
      copy.holders -= 1;
      if (copy.holders === 0) {
        forget(copies, producer.id, copy);
        copy.opening.then((opened) => opened.close()).catch(() => {});
      }
    };
    try {
      return { producerId: (await copy.opening).id, release };
    } catch (error) {
      release();
      throw error;
    }
  }

  #open(producer: Producer, segment: Segment, copies: Map<string, Copy>): Copy {
    const copy: Copy = { holders: 0, opening: this.#copy(producer, segment) };
    copies.set(producer.id, copy);
    copy.opening
      .then((opened) => whenClosed(opened, () => forget(copies, producer.id, copy)))
      .catch(() => forget(copies, producer.id, copy));
    return copy;
  }

  async #copy(original: Producer, to: Segment): Promise<types.Producer<ProducerData>> {
    const from = original.appData.segment;
    const ends = await this.#endsBetween(from, to);
    const [source, sink] = [ends.get(from), ends.get(to)];
    if (!source || !sink) {
      throw new TypeError('a pipe has an end in each of its segments');
    }
    const consumer = await source.consume({ producerId: original.id });
    try {
      const { kind, rtpParameters, producerPaused } = consumer;
      // Not with the original's id: its peer chose that, and another peer of that worker might have chosen the same.
      const copy = await sink.produce<ProducerData>({
        kind,
        rtpParameters,
        paused: producerPaused,
        appData: original.appData,
      });
      follow(copy, consumer);
      return copy;
    } catch (error) {
      consumer.close();
      throw error;
    }
  }

  #endsBetween(from: Segment, to: Segment): Promise<PipeEnds> {
    const known = this.#ends.get(from)?.get(to);
    if (known) {
      return known;
    }
    const ends = openPipe(from, to);
    const forgetEnds = () => {
      this.#ends.get(from)?.delete(to);
      this.#ends.get(to)?.delete(from);
    };
    within(this.#ends, from).set(to, ends);
    within(this.#ends, to).set(from, ends);
    ends
      .then((opened) => {
        for (const end of opened.values()) {
          whenClosed(end, forgetEnds);
        }
      })
      .catch(forgetEnds);
    return ends;
  }
}

/** Opens a PipeTransport at each segment, and connects them. Each closes with the other. */
async function openPipe(from: Segment, to: Segment): Promise<PipeEnds> {
  const opening = await Promise.allSettled([from.createPipeTransport(), to.createPipeTransport()]);
  const [source, sink] = opening.map((result) =>
    result.status === 'fulfilled' ? result.value : undefined,
  );
  try {
    if (!source || !sink) {
      throw opening.find((result) => result.status === 'rejected')?.reason;
    }
    await Promise.all([source.connect(addressOf(sink)), sink.connect(addressOf(source))]);
  } catch (error) {
    source?.close();
    sink?.close();
    throw error;
  }
  whenClosed(source, () => sink.close());
  whenClosed(sink, () => source.close());
  return new Map([
    [from, source],
    [to, sink],
  ]);
}

function addressOf({ tuple, srtpParameters }: types.PipeTransport) {
  return { ip: tuple.localAddress, port: tuple.localPort, srtpParameters };
}

/** Keeps a copy as its original is: paused or not, open or closed. */
function follow(copy: types.Producer, consumer: types.Consumer): void {
  const align = () => {
    if (!copy.closed && copy.paused !== consumer.producerPaused) {
      const aligning = consumer.producerPaused ? copy.pause() : copy.resume();
      // Fails when the copy has closed. The original may have changed again meanwhile.
      aligning.then(align, () => {});
    }
  };
  consumer.observer.on('pause', align);
  consumer.observer.on('resume', align);
  whenClosed(consumer, () => copy.close());
  whenClosed(copy, () => consumer.close());
  align();
}

interface Closable {
  readonly closed: boolean;
  readonly observer: { once(event: 'close', listener: () => void): unknown };
}

/** Calls back when an object of mediasoup closes, which may have happened already. */
function whenClosed(object: Closable, listener: () => void): void {
  if (object.closed) {
    listener();
  } else {
    object.observer.once('close', listener);
  }
}

function within<K, V>(maps: Map<Segment, Map<K, V>>, segment: Segment): Map<K, V> {
  const known = maps.get(segment);
  if (known) {
    return known;
  }
  const map = new Map<K, V>();
  maps.set(segment, map);
  segment.router.observer.once('close', () => maps.delete(segment));
  return map;
}

/** A later copy may have taken its place. */
function forget(copies: Map<string, Copy>, producerId: string, copy: Copy): void {
  if (copies.get(producerId) === copy) {
    copies.delete(producerId);
  }
}
