import type { ConsumerOffer, RequestReply, RtpCapabilities } from '@oneport/protocol';
import { errorCodes } from '@oneport/protocol';
import type { types } from 'mediasoup';
import type { Transport } from '../ports/types.ts';
import type { Logger } from '../telemetry/log.ts';
import type { Producer, ProducerData } from './producer-data.ts';
import { RoomError } from './room-error.ts';

type Consumer = types.Consumer<ProducerData>;

export interface ConsumingEvents {
  closed(consumerId: string): void;
  paused(consumerId: string): void;
  resumed(consumerId: string): void;
  layersChanged(consumerId: string, layers: types.ConsumerLayers | null): void;
}

export interface ConsumingOptions {
  router: types.Router;
  transport: Transport;
  rtpCapabilities: RtpCapabilities;
  /** Shows a batch to the peer, which says what it takes. */
  offer(consumers: ConsumerOffer[]): Promise<string[]>;
  events: ConsumingEvents;
  log: Logger;
}

/** The order within a batch: a call is heard before it is seen. */
const order: Record<ProducerData['source'], number> = {
  microphone: 0,
  'screen-audio': 1,
  screen: 2,
  camera: 3,
};

/** What one peer receives. */
export class Consuming {
  readonly #options: ConsumingOptions;
  readonly #consumers = new Map<string, Consumer>();
  #wanted: Producer[] = [];
  /** Ids of producers whose consumers are being made, or wait to be. */
  readonly #making = new Set<string>();

  constructor(options: ConsumingOptions) {
    this.#options = options;
  }

  /** From now on the peer shall receive this. All that comes within one tick is offered together. */
  add(...producers: Producer[]): void {
    if (producers.length === 0) {
      return;
    }
    if (this.#wanted.length === 0) {
      setImmediate(() => void this.#offerWanted());
    }
    this.#wanted.push(...producers);
    for (const { id } of producers) {
      this.#making.add(id);
    }
  }

  /**
   * The peer has been out of reach: closes what it doesn't know of, and offers what it has missed.
   *
   * @param known - ids of the consumers that it has
   * @param producers - all that it shall receive
   * @returns how those are that remain
   */
  reconcile(known: readonly string[], producers: Producer[]): RequestReply<'join'>['consumers'] {
    const kept = new Set(known);
    for (const [id, consumer] of this.#consumers) {
      if (!kept.has(id)) {
        consumer.close();
      }
    }
    const remaining = [...this.#consumers.values()];
    const received = new Set(remaining.map(({ producerId }) => producerId));
    this.add(...producers.filter(({ id }) => !received.has(id) && !this.#making.has(id)));
    return remaining.map(({ id, paused, producerPaused }) => ({
      consumerId: id,
      paused,
      producerPaused,
    }));
  }

  async pause(consumerId: string): Promise<void> {
    await this.#get(consumerId).pause();
  }

  async resume(consumerId: string): Promise<void> {
    await this.#get(consumerId).resume();
  }

  /**
   * What was sent meanwhile is lost, and a decoder would wait 3 s (Chromium) before it asks by itself.
   *
   * @param from - only of what this peer sends
   */
  requestKeyFrames(from?: string): void {
    for (const consumer of this.#consumers.values()) {
      if (consumer.kind !== 'video' || (from && consumer.appData.peerId !== from)) {
        continue;
      }
      // It fails when the consumer has closed meanwhile.
      consumer.requestKeyFrame().catch((error) => {
        this.#options.log.debug({ error: String(error) }, 'no keyframe requested');
      });
    }
  }

  async setPreferredLayers(consumerId: string, layers: types.ConsumerLayers): Promise<void> {
    await this.#get(consumerId).setPreferredLayers(layers);
  }

  async #offerWanted(): Promise<void> {
    const { offer, log } = this.#options;
    const wanted = this.#wanted.sort((a, b) => order[a.appData.source] - order[b.appData.source]);
    this.#wanted = [];
    const made = await Promise.all(wanted.map((producer) => this.#consume(producer)));
    for (const { id } of wanted) {
      this.#making.delete(id);
    }
    const batch = made.filter((consumer) => consumer && !consumer.closed) as Consumer[];
    if (batch.length === 0) {
      return;
    }
    let accepted = new Set<string>();
    try {
      accepted = new Set(await offer(batch.map(describe)));
    } catch (error) {
      log.debug({ error: String(error) }, 'a batch of consumers was not answered');
    }
    for (const consumer of batch) {
      if (consumer.closed) {
        continue;
      }
      if (!accepted.has(consumer.id)) {
        consumer.close();
      }
      // One that is just being closed with its producer can't be resumed; it's no matter of the others.
      else {
        consumer.resume().catch((error) => log.debug({ error: String(error) }, 'not resumed'));
      }
    }
  }

  /** undefined: the peer's codecs don't allow it, or one of the two is gone. */
  async #consume(producer: Producer): Promise<Consumer | undefined> {
    const { router, transport, rtpCapabilities, log } = this.#options;
    if (producer.closed || transport.closed) {
      return undefined;
    }
    if (!router.canConsume({ producerId: producer.id, rtpCapabilities })) {
      log.debug({ producerId: producer.id }, 'the peer has no codec for this producer');
      return undefined;
    }
    try {
      const consumer = await transport.consume<ProducerData>({
        producerId: producer.id,
        rtpCapabilities,
        // Until the peer has said that it is ready: a keyframe sent earlier would be lost.
        paused: true,
        appData: producer.appData,
      });
      this.#keep(consumer);
      return consumer;
    } catch (error) {
      log.warn({ producerId: producer.id, error: String(error) }, 'could not consume');
      return undefined;
    }
  }

  #keep(consumer: Consumer): void {
    const { events } = this.#options;
    const { id } = consumer;
    this.#consumers.set(id, consumer);
    consumer.observer.once('close', () => {
      this.#consumers.delete(id);
      if (!this.#options.transport.closed) {
        events.closed(id);
      }
    });
    consumer.on('producerpause', () => events.paused(id));
    consumer.on('producerresume', () => events.resumed(id));
    consumer.on('layerschange', (layers) => events.layersChanged(id, layers ?? null));
  }

  #get(consumerId: string): Consumer {
    const consumer = this.#consumers.get(consumerId);
    if (!consumer) {
      throw new RoomError(errorCodes.notFound, 'consumerId: no such consumer of yours');
    }
    return consumer;
  }
}

function describe(consumer: Consumer): ConsumerOffer {
  const { peerId, source } = consumer.appData;
  return {
    consumerId: consumer.id,
    producerId: consumer.producerId,
    peerId,
    source,
    kind: consumer.kind,
    // 'pipe' is for PipeTransports, and we asked for none.
    type: consumer.type as ConsumerOffer['type'],
    rtpParameters: consumer.rtpParameters as ConsumerOffer['rtpParameters'],
    producerPaused: consumer.producerPaused,
  };
}
