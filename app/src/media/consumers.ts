/** What comes from the others: one mediasoup-client consumer for each thing that somebody sends. */
import type { ConsumerOffer, PeerId, RequestData, RequestReply, Source } from '@oneport/protocol';
import { parseScalabilityMode, type types } from 'mediasoup-client';
import { RequestError, type SendRequest } from '../signalling/signalling.ts';
import { chooseSpatialLayer, type TileView } from './layers.ts';
import { parametersForBrowser } from './rtp.ts';

/** Something that another peer sends, as it arrives here. */
export interface RemoteMedia {
  readonly consumerId: string;
  readonly peerId: PeerId;
  readonly source: Source;
  readonly track: MediaStreamTrack;
  /** paused: its sender has muted it. */
  readonly state: 'live' | 'paused';
}

/** How large each tile is, by `tileKey`. It is a wish that outlives consumers. */
export type TileViews = ReadonlyMap<string, TileView>;

export function tileKey(peerId: PeerId, source: Source): string {
  return `${peerId}/${source}`;
}

/** Producers that this browser couldn't receive. It outlives connections. */
export interface Unreceivable {
  /** Skipped from now on. */
  readonly culprits: Set<string>;
  /** In a batch that failed: taken one at a time, to find the culprit. */
  readonly suspects: Set<string>;
}

/** The part of a mediasoup-client Transport that is needed. */
export interface ReceiveTransport {
  consume(options: types.ConsumerOptions): Promise<types.Consumer>;
}

export interface ConsumingOptions {
  transport: ReceiveTransport;
  request: SendRequest;
  views: TileViews;
  unreceivable: Unreceivable;
  pixelRatio: () => number;
  onChange: () => void;
  /** The receiving transport's SDP can't be trusted any more: a new connection is needed. */
  onBroken: () => void;
}

interface Receiving {
  media: RemoteMedia;
  readonly consumer: types.Consumer;
  readonly spatialLayers: number;
  /** What the server was asked for last. */
  askedLayer: number | undefined;
  askedPause: boolean;
}

/** Tiles change size many times while a window is dragged. */
const settleTime = 250;

export class Consuming {
  readonly #options: ConsumingOptions;
  readonly #receiving = new Map<string, Receiving>();
  /** Offered, and not made yet: whether its producer is paused by now. */
  readonly #making = new Map<string, 'live' | 'paused' | 'closed'>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #over = false;

  constructor(options: ConsumingOptions) {
    this.#options = options;
  }

  /** Everything that arrives. */
  media(): RemoteMedia[] {
    return Array.from(this.#receiving.values(), ({ media }) => media);
  }

  /**
   * Takes a batch of offers.
   *
   * @returns the ids of those consumers that work
   */
  async accept(offers: readonly ConsumerOffer[]): Promise<string[]> {
    const { culprits, suspects } = this.#options.unreceivable;
    const wanted = offers.filter(({ producerId }) => !culprits.has(producerId));
    for (const { consumerId, producerPaused } of wanted) {
      this.#making.set(consumerId, producerPaused ? 'paused' : 'live');
    }
    const together = wanted.filter(({ producerId }) => !suspects.has(producerId));
    // All in one tick: mediasoup-client makes them with one renegotiation.
    const made = await Promise.allSettled(together.map((offer) => this.#make(offer)));
    const accepted = together.filter((_, index) => made[index]?.status === 'fulfilled');
    let broken = accepted.length < together.length;
    if (broken) {
      const failed = together.filter((_, index) => made[index]?.status === 'rejected');
      for (const { producerId } of failed) {
        (failed.length === 1 ? culprits : suspects).add(producerId);
      }
      console.warn('consuming: a batch failed', made);
    }
    for (const offer of wanted.filter(({ producerId }) => suspects.has(producerId))) {
      if (broken || this.#over) {
        break;
      }
      try {
        await this.#make(offer);
        suspects.delete(offer.producerId);
        accepted.push(offer);
      } catch (error) {
        console.warn('consuming: can not receive', offer.producerId, error);
        suspects.delete(offer.producerId);
        culprits.add(offer.producerId);
        broken = true;
      }
    }
    for (const { consumerId } of wanted) {
      this.#making.delete(consumerId);
    }
    if (this.#over) {
      return [];
    }
    if (broken) {
      this.#options.onBroken();
    }
    this.#changed();
    return accepted.map(({ consumerId }) => consumerId);
  }

  /** Ids of all that arrives. */
  get ids(): string[] {
    return [...this.#receiving.keys()];
  }

  /**
   * Signalling was interrupted: what the server doesn't have any more is closed, and it is asked again for what it
   * may have missed.
   *
   * @param known - what the server has, of those `ids` that it was told
   */
  resumed(known: RequestReply<'join'>['consumers']): void {
    const there = new Map(known.map((consumer) => [consumer.consumerId, consumer]));
    // Nobody has told the server that these were taken.
    for (const consumerId of this.#making.keys()) {
      this.#making.set(consumerId, 'closed');
    }
    for (const [consumerId, receiving] of this.#receiving) {
      const consumer = there.get(consumerId);
      if (!consumer) {
        this.closed(consumerId);
        continue;
      }
      receiving.askedPause = consumer.paused;
      receiving.askedLayer = undefined;
      this.setState(consumerId, consumer.producerPaused ? 'paused' : 'live');
    }
    this.viewsChanged();
  }

  /** The server has closed a consumer. It may not have been made yet. */
  closed(consumerId: string): void {
    if (this.#making.has(consumerId)) {
      this.#making.set(consumerId, 'closed');
    }
    const receiving = this.#receiving.get(consumerId);
    if (!receiving) {
      return;
    }
    this.#receiving.delete(consumerId);
    receiving.consumer.close();
    this.#changed();
  }

  /** Its sender has muted or unmuted. */
  setState(consumerId: string, state: RemoteMedia['state']): void {
    if (this.#making.get(consumerId) !== 'closed' && this.#making.has(consumerId)) {
      this.#making.set(consumerId, state);
    }
    const receiving = this.#receiving.get(consumerId);
    if (!receiving) {
      return;
    }
    receiving.media = { ...receiving.media, state };
    this.#changed();
  }

  /** A tile has another size: asks for other layers, but not at each pixel. */
  viewsChanged(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      for (const receiving of this.#receiving.values()) {
        this.#ask(receiving);
      }
    }, settleTime);
  }

  /** Asks for nothing any more; the transport's end closes the consumers. */
  end(): void {
    this.#over = true;
    clearTimeout(this.#timer);
  }

  async #make(offer: ConsumerOffer): Promise<void> {
    const { consumerId, producerId, peerId, source, kind, rtpParameters } = offer;
    const consumer = await this.#options.transport.consume({
      id: consumerId,
      producerId,
      kind,
      rtpParameters: parametersForBrowser(rtpParameters),
      // The browser keeps the lips in step with the voice within one stream (RFC 8830).
      streamId: `${peerId}-${source.startsWith('screen') ? 'screen' : 'person'}`,
    });
    const state = this.#making.get(consumerId) ?? 'live';
    if (state === 'closed' || this.#over) {
      consumer.close();
      return;
    }
    const mode = rtpParameters.encodings?.[0]?.scalabilityMode;
    this.#receiving.set(consumerId, {
      media: { consumerId, peerId, source, track: consumer.track, state },
      consumer,
      spatialLayers: offer.type === 'simple' ? 1 : parseScalabilityMode(mode).spatialLayers,
      askedLayer: undefined,
      askedPause: false,
    });
  }

  #changed(): void {
    this.viewsChanged();
    this.#options.onChange();
  }

  /** Brings what the server sends of one consumer in line with how it is shown. */
  #ask(receiving: Receiving): void {
    const { consumerId, peerId, source } = receiving.media;
    const view = this.#options.views.get(tileKey(peerId, source));
    if (!view || receiving.consumer.kind !== 'video') {
      return;
    }
    if (receiving.askedPause === view.visible) {
      receiving.askedPause = !view.visible;
      this.#send(view.visible ? 'resumeConsumer' : 'pauseConsumer', { consumerId });
    }
    if (!view.visible || receiving.spatialLayers < 2) {
      return;
    }
    const layer = chooseSpatialLayer(
      view,
      this.#options.pixelRatio(),
      receiving.spatialLayers,
      receiving.askedLayer,
    );
    if (layer === receiving.askedLayer) {
      return;
    }
    receiving.askedLayer = layer;
    this.#send('setConsumerPreferredLayers', { consumerId, spatialLayer: layer });
  }

  #send<M extends 'pauseConsumer' | 'resumeConsumer' | 'setConsumerPreferredLayers'>(
    method: M,
    data: RequestData<M>,
  ): void {
    this.#options.request(method, data).catch((error: unknown) => {
      // 404: it was closed meanwhile. undefined: the connection was.
      if (error instanceof RequestError && (error.code === 404 || error.code === undefined)) {
        return;
      }
      console.warn('consuming:', error);
    });
  }
}
