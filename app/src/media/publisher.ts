/** Keeps the producers in line with the tracks that are to be sent. */
import { errorCodes, type RequestReply, type Source } from '@oneport/protocol';
import type { types } from 'mediasoup-client';
import type { LocalMediaState, LocalSource } from '../devices/local-media.ts';
import { newUuid } from '../page/ids.ts';
import { RequestError, type SendRequest } from '../signalling/signalling.ts';
import { parametersForServer } from './rtp.ts';

/** The track to send for one source. `undecided`: its device is being opened, so the producer stays as it is. */
export type DesiredTrack =
  | { readonly state: 'none' }
  | { readonly state: 'undecided' }
  | { readonly state: 'track'; readonly track: MediaStreamTrack; readonly paused: boolean };

const none: DesiredTrack = { state: 'none' };

function desiredTrack(source: LocalSource): DesiredTrack {
  switch (source.state) {
    case 'on':
      return { state: 'track', track: source.track, paused: false };
    case 'muted':
      return { state: 'track', track: source.track, paused: true };
    case 'opening':
      return { state: 'undecided' };
    default:
      return none;
  }
}

export function desiredTracks(local: LocalMediaState): Record<Source, DesiredTrack> {
  const { screen } = local;
  const shared = (track: MediaStreamTrack | undefined): DesiredTrack =>
    track ? { state: 'track', track, paused: false } : none;
  return {
    microphone: desiredTrack(local.microphone),
    camera: desiredTrack(local.camera),
    screen: screen.state === 'on' ? shared(screen.track) : none,
    'screen-audio': screen.state === 'on' ? shared(screen.audio) : none,
  };
}

type ProduceOptions = Pick<types.ProducerOptions, 'streamId' | 'encodings' | 'codecOptions'>;

/** How each source is encoded; bitrates in bit/s. A new object each time, because mediasoup-client modifies encodings. */
const produceOptions: Record<Source, () => ProduceOptions> = {
  microphone: () => ({
    streamId: 'person',
    codecOptions: { opusStereo: false, opusDtx: true, opusFec: true, opusNack: true },
  }),
  camera: () => ({
    streamId: 'person',
    encodings: [
      { scaleResolutionDownBy: 4, maxBitrate: 150_000, scalabilityMode: 'L1T3' },
      { scaleResolutionDownBy: 2, maxBitrate: 500_000, scalabilityMode: 'L1T3' },
      { scaleResolutionDownBy: 1, maxBitrate: 1_500_000, scalabilityMode: 'L1T3' },
    ],
    codecOptions: { videoGoogleStartBitrate: 1000 },
  }),
  screen: () => ({
    streamId: 'screen',
    encodings: [{ maxBitrate: 2_500_000 }],
    codecOptions: { videoGoogleStartBitrate: 1000 },
  }),
  'screen-audio': () => ({
    streamId: 'screen',
    codecOptions: { opusStereo: true, opusFec: true, opusNack: true },
  }),
};

const sources = ['microphone', 'camera', 'screen', 'screen-audio'] as const satisfies Source[];

interface Entry {
  readonly producer: types.Producer;
  readonly track: MediaStreamTrack;
  /** As last sent to the server. */
  paused: boolean;
}

/** The part of a mediasoup-client Transport that is needed. */
interface SendTransport {
  readonly id: string;
  on: types.Transport['on'];
  produce(options: types.ProducerOptions): Promise<types.Producer>;
}

export interface PublisherOptions {
  transport: SendTransport;
  request: SendRequest;
  /** The server or the browser can't send this source. */
  onPublishFailed: (source: Source, reason: string) => void;
}

export class Publisher {
  readonly #options: PublisherOptions;
  readonly #entries = new Map<Source, Entry>();
  /** Rejected tracks are not tried again on this transport. */
  readonly #rejected = new WeakSet<MediaStreamTrack>();
  readonly #reconciling = new Map<Source, Promise<void>>();
  #desired: Record<Source, DesiredTrack> | undefined;
  /** suspended: without signalling, nothing can be changed. */
  #state: 'active' | 'suspended' | 'stopped' = 'active';

  constructor(options: PublisherOptions) {
    this.#options = options;
    options.transport.on('produce', ({ kind, rtpParameters, appData }, callback) => {
      const { producerId, source, paused } = appData as {
        producerId: string;
        source: Source;
        paused: boolean;
      };
      const transportId = options.transport.id;
      options
        .request('produce', {
          transportId,
          producerId,
          kind,
          source,
          rtpParameters: parametersForServer(rtpParameters),
          paused,
        })
        .catch((error: unknown) => this.#reject(source, producerId, error));
      // The server handles a peer's messages in order, so there is no need to wait for its answer.
      callback({ id: producerId });
    });
  }

  /** Sends these tracks and no others. Idempotent. */
  reconcile(desired: Record<Source, DesiredTrack>): void {
    this.#desired = desired;
    if (this.#state !== 'active') {
      return;
    }
    for (const source of sources) {
      this.#reconcileSource(source);
    }
  }

  /** There is no signalling: media continues, and changes wait for `resumed`. */
  suspend(): void {
    if (this.#state === 'active') {
      this.#state = 'suspended';
    }
  }

  /**
   * There is signalling again. Tracks that the server doesn't have are produced again.
   *
   * @param known - the producers that the server has
   */
  async resumed(known: RequestReply<'join'>['producers']): Promise<void> {
    // Steps that were under way end first.
    await Promise.all(this.#reconciling.values());
    if (this.#state !== 'suspended') {
      return;
    }
    this.#state = 'active';
    const knownById = new Map(known.map((producer) => [producer.producerId, producer]));
    for (const [source, entry] of this.#entries) {
      const producer = knownById.get(entry.producer.id);
      knownById.delete(entry.producer.id);
      if (producer) {
        entry.paused = producer.paused;
      } else {
        this.#entries.delete(source);
        entry.producer.close();
      }
    }
    for (const producerId of knownById.keys()) {
      this.#send('closeProducer', producerId);
    }
    if (this.#desired) {
      this.reconcile(this.#desired);
    }
  }

  /** The transport is about to close: failures no longer matter. */
  stop(): void {
    this.#state = 'stopped';
  }

  #reconcileSource(source: Source): void {
    if (this.#reconciling.has(source)) {
      return;
    }
    this.#reconciling.set(
      source,
      this.#runSteps(source).finally(() => this.#reconciling.delete(source)),
    );
  }

  async #runSteps(source: Source): Promise<void> {
    try {
      // Each step may take a while, and the desired tracks may be others by then.
      while (this.#state === 'active' && (await this.#step(source))) {}
    } catch (error) {
      if (this.#state === 'stopped') {
        return;
      }
      this.#options.onPublishFailed(source, error instanceof Error ? error.message : String(error));
    }
  }

  /** Does the next thing that is needed. @returns false if there is none */
  async #step(source: Source): Promise<boolean> {
    const desired = this.#desired?.[source] ?? none;
    const entry = this.#entries.get(source);
    if (desired.state === 'undecided') {
      return false;
    }
    if (desired.state === 'none') {
      if (entry) {
        this.#close(source, entry);
      }
      return false;
    }
    if (!entry) {
      if (this.#rejected.has(desired.track) || desired.track.readyState === 'ended') {
        return false;
      }
      await this.#produce(source, desired.track, desired.paused);
      return true;
    }
    if (entry.track !== desired.track) {
      if (desired.track.readyState === 'ended') {
        return false;
      }
      await entry.producer.replaceTrack({ track: desired.track });
      this.#entries.set(source, { ...entry, track: desired.track });
      return true;
    }
    if (entry.paused !== desired.paused) {
      this.#setPaused(entry, desired.paused);
    }
    return false;
  }

  async #produce(source: Source, track: MediaStreamTrack, paused: boolean): Promise<void> {
    const producerId = newUuid();
    try {
      const producer = await this.#options.transport.produce({
        ...produceOptions[source](),
        track,
        stopTracks: false,
        appData: { producerId, source, paused },
      });
      // Rejected by the server meanwhile: `#reject` found nothing to close yet.
      if (this.#rejected.has(track)) {
        producer.close();
      } else {
        this.#entries.set(source, { producer, track, paused });
      }
    } catch (error) {
      this.#rejected.add(track);
      throw error;
    }
  }

  #close(source: Source, { producer }: Entry): void {
    this.#entries.delete(source);
    if (producer.closed) {
      return;
    }
    producer.close();
    this.#send('closeProducer', producer.id);
  }

  #setPaused(entry: Entry, paused: boolean): void {
    entry.paused = paused;
    if (paused) {
      entry.producer.pause();
    } else {
      entry.producer.resume();
    }
    this.#send(paused ? 'pauseProducer' : 'resumeProducer', entry.producer.id);
  }

  #send(method: 'closeProducer' | 'pauseProducer' | 'resumeProducer', producerId: string): void {
    this.#options.request(method, { producerId }).catch((error: unknown) => {
      // Without signalling this doesn't matter: `resumed` reconciles.
      if (error instanceof RequestError && error.code === undefined) {
        return;
      }
      console.warn('updating a producer failed', error);
    });
  }

  #reject(source: Source, producerId: string, error: unknown): void {
    // No answer: `resumed` tells whether the server has it. A conflict: there is a newer `welcome`.
    const ignored = [undefined, errorCodes.notFound, errorCodes.conflict] as unknown[];
    if (error instanceof RequestError && ignored.includes(error.code)) {
      return;
    }
    const desired = this.#desired?.[source];
    const entry = this.#entries.get(source);
    if (entry?.producer.id === producerId) {
      this.#rejected.add(entry.track);
      this.#entries.delete(source);
      entry.producer.close();
    } else if (desired?.state === 'track') {
      this.#rejected.add(desired.track);
    }
    this.#options.onPublishFailed(source, error instanceof Error ? error.message : String(error));
  }
}
