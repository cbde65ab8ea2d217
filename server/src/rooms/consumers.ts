import type {
  ConsumerOffer,
  RequestReply,
  ServerRequestReply,
  UnsupportedProducer,
} from '@oneport/protocol';
import { errorCodes } from '@oneport/protocol';
import type { types } from 'mediasoup';
import { throttle } from '../net/throttle.ts';
import type { Logger } from '../telemetry/log.ts';
import type { Notify, Subscriber } from './participant.ts';
import type { HeldProducer, Pipes } from './pipes.ts';
import { RoomError } from './room-error.ts';
import type { Producer, ProducerData, Segment } from './segment.ts';
import { UnsupportedProducers } from './unsupported-producers.ts';

/** `producerId` is the original's, also where a copy is consumed. */
type Consumer = types.Consumer<ProducerData & { producerId: string }>;

export interface ConsumersOptions {
  /** The receiver's. */
  segment: Segment;
  pipes: Pipes;
  /** Of any kind: consume() is all that is used. */
  transport: types.Transport;
  rtpCapabilities: types.RtpCapabilities;
  /** Sends a batch of paused consumers to the receiver. @returns which of them it accepts and can't receive */
  offer(consumers: ConsumerOffer[]): Promise<ServerRequestReply<'newConsumers'>>;
  /** Receives what happens to consumers: closed, paused, resumed, other layers. */
  notify: Notify;
  /** Called once for each producer of which the receiver supports no codec, or which it failed to receive. */
  onUnsupported?(producer: UnsupportedProducer): void;
  log: Logger;
}

/** The order within a batch: audio should be heard before video is seen. */
const order: Record<ProducerData['source'], number> = {
  microphone: 0,
  'screen-audio': 1,
  screen: 2,
  camera: 3,
};

/** The consumers of one participant, all on one transport. */
export class Consumers implements Subscriber {
  readonly #options: ConsumersOptions;
  readonly #consumers = new Map<string, Consumer>();
  #batch: Producer[] = [];
  /** Ids of producers in the current batch, or whose consumers are being created. */
  readonly #pending = new Set<string>();
  readonly #unsupported: UnsupportedProducers;

  constructor(options: ConsumersOptions) {
    this.#options = options;
    this.#unsupported = new UnsupportedProducers(options);
  }

  /** The producers of one segment that are added within one tick are offered in one batch. */
  add(...producers: Producer[]): void {
    if (producers.length === 0) {
      return;
    }
    if (this.#batch.length === 0) {
      setImmediate(() => this.#offerBatch());
    }
    this.#batch.push(...producers);
    for (const { id } of producers) {
      this.#pending.add(id);
    }
  }

  /**
   * Brings consumers in line after the participant could not be reached: closes those that it doesn't know, and
   * offers the producers that it has missed.
   *
   * @param known - ids of the consumers that the participant has
   * @param producers - all that it should receive
   * @returns the state of the remaining consumers
   */
  reconcile(known: readonly string[], producers: Producer[]): RequestReply<'join'>['consumers'] {
    const kept = new Set(known);
    for (const [id, consumer] of this.#consumers) {
      if (!kept.has(id)) {
        consumer.close();
      }
    }
    const remaining = [...this.#consumers.values()];
    const received = new Set(remaining.map(({ appData }) => appData.producerId));
    this.add(
      ...producers.filter(
        (producer) =>
          !received.has(producer.id) &&
          !this.#pending.has(producer.id) &&
          !this.#unsupported.has(producer),
      ),
    );
    this.#unsupported.repeat();
    return remaining.map(({ id, paused, producerPaused }) => ({
      consumerId: id,
      paused,
      producerPaused,
    }));
  }

  /** @throws RoomError, as do resume() and setPreferredLayers(), when there is no such consumer */
  async pause(consumerId: string): Promise<void> {
    await this.#get(consumerId).pause();
  }

  async resume(consumerId: string): Promise<void> {
    await this.#get(consumerId).resume();
  }

  async setPreferredLayers(consumerId: string, layers: types.ConsumerLayers): Promise<void> {
    await this.#get(consumerId).setPreferredLayers(layers);
  }

  /** Called after packets were lost: Chromium's decoder waits 3 s before it requests a key frame itself. */
  requestKeyFrames(peerId?: string): void {
    for (const consumer of this.#consumers.values()) {
      if (consumer.kind === 'video' && (!peerId || consumer.appData.peerId === peerId)) {
        this.#options.segment.keyFrames.add(consumer);
      }
    }
  }

  #offerBatch(): void {
    const batch = this.#batch.sort((a, b) => order[a.appData.source] - order[b.appData.source]);
    this.#batch = [];
    // A worker that hangs must not hold up what the others carry.
    for (const producers of Map.groupBy(batch, ({ appData }) => appData.segment).values()) {
      void this.#offer(producers);
    }
  }

  async #offer(batch: Producer[]): Promise<void> {
    const { offer, log } = this.#options;
    const created = await Promise.all(batch.map((producer) => this.#consume(producer)));
    for (const { id } of batch) {
      this.#pending.delete(id);
    }
    const consumers = created.filter((consumer) => consumer && !consumer.closed) as Consumer[];
    if (consumers.length === 0) {
      return;
    }
    let reply: ServerRequestReply<'newConsumers'> = { accepted: [] };
    try {
      reply = await offer(consumers.map(describe));
    } catch (error) {
      log.debug({ error: String(error) }, 'consumer batch not answered');
    }
    const accepted = new Set(reply.accepted);
    const failed = new Map(reply.failed?.map(({ consumerId, reason }) => [consumerId, reason]));
    for (const consumer of consumers) {
      if (consumer.closed) {
        continue;
      }
      if (!accepted.has(consumer.id)) {
        const producer = batch.find(({ id }) => id === consumer.appData.producerId);
        const reason = failed.get(consumer.id);
        if (producer && reason !== undefined) {
          this.#unsupported.add(producer, reason);
        }
        consumer.close();
        continue;
      }
      // Fails when the consumer's producer is closing, which must not keep the others paused.
      consumer
        .resume()
        .catch((error) => log.debug({ error: String(error) }, 'consumer not resumed'));
    }
  }

  /** @returns undefined when the codecs don't match, or the producer or the transport has closed */
  async #consume(producer: Producer): Promise<Consumer | undefined> {
    const { segment, pipes, transport, rtpCapabilities, log } = this.#options;
    const { id: producerId, appData } = producer;
    if (producer.closed || transport.closed) {
      return undefined;
    }
    if (!appData.segment.router.canConsume({ producerId, rtpCapabilities })) {
      this.#unsupported.add(producer);
      return undefined;
    }
    let held: HeldProducer | undefined;
    try {
      held = await pipes.hold(producer, segment);
      const consumer: Consumer = await transport.consume({
        producerId: held.producerId,
        rtpCapabilities,
        // Until the receiver has accepted it: a key frame sent earlier would be lost.
        paused: true,
        appData: { ...appData, producerId },
      });
      consumer.observer.once('close', held.release);
      // mediasoup doesn't close a consumer whose transport closed while it was created.
      if (transport.closed) {
        consumer.close();
        return undefined;
      }
      this.#keep(consumer);
      return consumer;
    } catch (error) {
      held?.release();
      if (!producer.closed && !transport.closed) {
        log.warn({ producerId, error: String(error) }, 'failed to consume');
      }
      return undefined;
    }
  }

  #keep(consumer: Consumer): void {
    const { notify, transport } = this.#options;
    const { id: consumerId } = consumer;
    this.#consumers.set(consumerId, consumer);
    consumer.observer.once('close', () => {
      this.#consumers.delete(consumerId);
      if (!transport.closed) {
        notify('consumerClosed', { consumerId });
      }
    });
    consumer.on('producerpause', () => notify('consumerPaused', { consumerId }));
    consumer.on('producerresume', () => notify('consumerResumed', { consumerId }));
    // A publisher can change the layers of all its receivers with each packet.
    const notifyLayers = throttle(
      () => {
        if (!consumer.closed) {
          notify('consumerLayersChanged', { consumerId, layers: consumer.currentLayers ?? null });
        }
      },
      { burst: 8, perSecond: 2 },
    );
    consumer.on('layerschange', notifyLayers);
  }

  #get(consumerId: string): Consumer {
    const consumer = this.#consumers.get(consumerId);
    if (!consumer) {
      throw new RoomError(errorCodes.notFound, 'consumerId: this peer has no such consumer');
    }
    return consumer;
  }
}

function describe(consumer: Consumer): ConsumerOffer {
  const { peerId, source, producerId } = consumer.appData;
  return {
    consumerId: consumer.id,
    producerId,
    peerId,
    source,
    kind: consumer.kind,
    // Only consumers of a PipeTransport have the type 'pipe', and no participant is offered those.
    type: consumer.type as ConsumerOffer['type'],
    rtpParameters: consumer.rtpParameters as ConsumerOffer['rtpParameters'],
    producerPaused: consumer.producerPaused,
  };
}
