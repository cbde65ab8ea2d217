/** Receives media: one mediasoup-client Consumer for each producer of another peer. */
import type {
  ConsumerOffer,
  PeerId,
  RequestData,
  RequestReply,
  ServerRequestReply,
  Source,
} from '@oneport/protocol';
import { parseScalabilityMode, type types } from 'mediasoup-client';
import { RequestError, type SendRequest } from '../signalling/signalling.ts';
import { chooseSpatialLayer, type TileView } from './layers.ts';
import { parametersForBrowser } from './rtp.ts';

export interface RemoteMedia {
  readonly consumerId: string;
  readonly peerId: PeerId;
  readonly source: Source;
  readonly track: MediaStreamTrack;
  /** paused: the sender has muted it. */
  readonly state: 'live' | 'paused';
}

/** How each tile is shown, by `tileKey`. Part of the intent, so it outlives consumers. */
export type TileViews = ReadonlyMap<string, TileView>;

export function tileKey(peerId: PeerId, source: Source): string {
  return `${peerId}/${source}`;
}

/** Producers that this browser could not receive. It outlives media sessions. */
export interface ConsumeFailures {
  /** Skipped from now on. The values are the reasons. */
  readonly unsupported: Map<string, string>;
  /** Part of a batch that failed: consumed one at a time, to find the unsupported one. */
  readonly suspected: Set<string>;
}

/** The part of a mediasoup-client Transport that is needed. */
interface ReceiveTransport {
  consume(options: types.ConsumerOptions): Promise<types.Consumer>;
}

export interface ConsumersOptions {
  transport: ReceiveTransport;
  request: SendRequest;
  views: TileViews;
  failures: ConsumeFailures;
  pixelRatio: () => number;
  onChange: () => void;
  /** The SDP of the receiving transport is in an unknown state: a new media session is needed. */
  onBroken: () => void;
}

interface Entry {
  media: RemoteMedia;
  readonly consumer: types.Consumer;
  readonly spatialLayers: number;
  /** As last requested from the server. */
  requestedLayer: number | undefined;
  requestedPause: boolean;
}

/** Milliseconds. A tile changes its size many times while a window is resized. */
const viewSettleTime = 250;

export class Consumers {
  readonly #options: ConsumersOptions;
  readonly #entries = new Map<string, Entry>();
  /** Offered consumers that don't exist yet, with the state that they will have. */
  readonly #pending = new Map<string, 'live' | 'paused' | 'closed'>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #stopped = false;

  constructor(options: ConsumersOptions) {
    this.#options = options;
  }

  media(): RemoteMedia[] {
    return Array.from(this.#entries.values(), ({ media }) => media);
  }

  get ids(): string[] {
    return [...this.#entries.keys()];
  }

  /**
   * Consumes a batch of offers.
   *
   * @returns which consumers work, and which are skipped because their producers can't be received. An offer that fails
   * now breaks this media session, and is skipped in the next one.
   */
  async accept(offers: readonly ConsumerOffer[]): Promise<ServerRequestReply<'newConsumers'>> {
    const { unsupported, suspected } = this.#options.failures;
    const failed = offers.flatMap(({ consumerId, producerId }) => {
      const reason = unsupported.get(producerId);
      return reason === undefined ? [] : [{ consumerId, reason }];
    });
    const usable = offers.filter(({ producerId }) => !unsupported.has(producerId));
    for (const { consumerId, producerPaused } of usable) {
      this.#pending.set(consumerId, producerPaused ? 'paused' : 'live');
    }
    const batch = usable.filter(({ producerId }) => !suspected.has(producerId));
    // In one tick, so that mediasoup-client needs a single renegotiation.
    const results = await Promise.allSettled(batch.map((offer) => this.#consume(offer)));
    if (this.#stopped) {
      // The transport was closed, which makes the rest fail: no producer is to blame.
      return this.#skipAll(usable);
    }
    const accepted = batch.filter((_, index) => results[index]?.status === 'fulfilled');
    let broken = accepted.length < batch.length;
    if (broken) {
      const rejected = batch.flatMap(({ producerId }, index) => {
        const result = results[index];
        return result?.status === 'rejected' ? [{ producerId, error: result.reason }] : [];
      });
      for (const { producerId, error } of rejected) {
        if (rejected.length === 1) {
          unsupported.set(producerId, reasonOf(error));
        } else {
          suspected.add(producerId);
        }
      }
      console.warn('consuming a batch failed', results);
    }
    for (const offer of usable.filter(({ producerId }) => suspected.has(producerId))) {
      if (broken || this.#stopped) {
        break;
      }
      try {
        await this.#consume(offer);
        suspected.delete(offer.producerId);
        accepted.push(offer);
      } catch (error) {
        if (this.#stopped) {
          break;
        }
        console.warn('consuming a producer failed', offer.producerId, error);
        suspected.delete(offer.producerId);
        unsupported.set(offer.producerId, reasonOf(error));
        broken = true;
      }
    }
    if (this.#stopped) {
      return this.#skipAll(usable);
    }
    for (const { consumerId } of usable) {
      this.#pending.delete(consumerId);
    }
    if (broken) {
      this.#options.onBroken();
    }
    this.#changed();
    return {
      accepted: accepted.map(({ consumerId }) => consumerId),
      // Servers of a version that doesn't know it refuse it.
      ...(failed.length > 0 && { failed }),
    };
  }

  #skipAll(offers: readonly ConsumerOffer[]): ServerRequestReply<'newConsumers'> {
    for (const { consumerId } of offers) {
      this.#pending.delete(consumerId);
    }
    return { accepted: [] };
  }

  /**
   * Reconciles with the server after signalling was interrupted: closes the consumers that the server no longer has,
   * and repeats the requests that it may have missed.
   *
   * @param known - those of `ids` that the server has
   */
  resumed(known: RequestReply<'join'>['consumers']): void {
    const knownById = new Map(known.map((consumer) => [consumer.consumerId, consumer]));
    // The server never received the reply that accepts these.
    for (const consumerId of this.#pending.keys()) {
      this.#pending.set(consumerId, 'closed');
    }
    for (const [consumerId, entry] of this.#entries) {
      const consumer = knownById.get(consumerId);
      if (!consumer) {
        this.close(consumerId);
        continue;
      }
      entry.requestedPause = consumer.paused;
      entry.requestedLayer = undefined;
      this.setState(consumerId, consumer.producerPaused ? 'paused' : 'live');
    }
    this.viewsChanged();
  }

  /** The server has closed a consumer, which may still be pending here. */
  close(consumerId: string): void {
    if (this.#pending.has(consumerId)) {
      this.#pending.set(consumerId, 'closed');
    }
    const entry = this.#entries.get(consumerId);
    if (!entry) {
      return;
    }
    this.#entries.delete(consumerId);
    entry.consumer.close();
    this.#changed();
  }

  /** The sender has muted or unmuted. */
  setState(consumerId: string, state: RemoteMedia['state']): void {
    const pending = this.#pending.get(consumerId);
    if (pending && pending !== 'closed') {
      this.#pending.set(consumerId, state);
    }
    const entry = this.#entries.get(consumerId);
    if (!entry) {
      return;
    }
    entry.media = { ...entry.media, state };
    this.#changed();
  }

  /** Requests the layers that the tiles need now, a moment later, because more changes may follow. */
  viewsChanged(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      for (const entry of this.#entries.values()) {
        this.#applyView(entry);
      }
    }, viewSettleTime);
  }

  /** Sends no further request. Closing the transport closes the consumers. */
  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  async #consume(offer: ConsumerOffer): Promise<void> {
    const { consumerId, producerId, peerId, source, kind, rtpParameters } = offer;
    const consumer = await this.#options.transport.consume({
      id: consumerId,
      producerId,
      kind,
      rtpParameters: parametersForBrowser(rtpParameters),
      // Browsers synchronise audio and video within one stream (RFC 8830).
      streamId: `${peerId}-${source.startsWith('screen') ? 'screen' : 'person'}`,
    });
    const state = this.#pending.get(consumerId) ?? 'live';
    if (state === 'closed' || this.#stopped) {
      consumer.close();
      return;
    }
    const mode = rtpParameters.encodings?.[0]?.scalabilityMode;
    this.#entries.set(consumerId, {
      media: { consumerId, peerId, source, track: consumer.track, state },
      consumer,
      spatialLayers: offer.type === 'simple' ? 1 : parseScalabilityMode(mode).spatialLayers,
      requestedLayer: undefined,
      requestedPause: false,
    });
  }

  #changed(): void {
    this.viewsChanged();
    this.#options.onChange();
  }

  /** Requests what the tile needs: a spatial layer, or nothing while it can't be seen. */
  #applyView(entry: Entry): void {
    const { consumerId, peerId, source } = entry.media;
    const view = this.#options.views.get(tileKey(peerId, source));
    if (!view || entry.consumer.kind !== 'video') {
      return;
    }
    if (entry.requestedPause === view.visible) {
      entry.requestedPause = !view.visible;
      this.#send(view.visible ? 'resumeConsumer' : 'pauseConsumer', { consumerId });
    }
    if (!view.visible || entry.spatialLayers < 2) {
      return;
    }
    const layer = chooseSpatialLayer(
      view,
      this.#options.pixelRatio(),
      entry.spatialLayers,
      entry.requestedLayer,
    );
    if (layer === entry.requestedLayer) {
      return;
    }
    entry.requestedLayer = layer;
    this.#send('setConsumerPreferredLayers', { consumerId, spatialLayer: layer });
  }

  #send<M extends 'pauseConsumer' | 'resumeConsumer' | 'setConsumerPreferredLayers'>(
    method: M,
    data: RequestData<M>,
  ): void {
    this.#options.request(method, data).catch((error: unknown) => {
      // 404: the consumer was closed meanwhile. undefined: signalling was.
      if (error instanceof RequestError && (error.code === 404 || error.code === undefined)) {
        return;
      }
      console.warn('updating a consumer failed', error);
    });
  }
}

/** For the server's log: one line that its schema accepts. */
function reasonOf(error: unknown): string {
  const text = String(error)
    .replace(/[^\x20-\x7e]+/g, ' ')
    .trim();
  return text.slice(0, 200) || 'unknown';
}
