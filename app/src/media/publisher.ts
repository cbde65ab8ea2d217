/** Keeps the producers in line with the tracks that are to be sent. */
import { errorCodes, type RequestReply, type Source } from '@oneport/protocol';
import type { types } from 'mediasoup-client';
import type { LocalSource } from '../devices/local-device.ts';
import type { LocalMediaState } from '../devices/local-media.ts';
import { newUuid } from '../page/ids.ts';
import { RequestError, type SendRequest } from '../signalling/signalling.ts';
import {
  cameraEncodings,
  screenEncodings,
  type VideoEncoding,
  type VideoSize,
} from './encodings.ts';
import { parametersForServer } from './rtp.ts';

/**
 * The track to send for one source. `undecided`: its device is being opened, so the producer keeps its track. A producer
 * is paused before a track that must not be sent takes the place of another.
 */
export type DesiredTrack =
  | { readonly state: 'none' }
  | { readonly state: 'undecided'; readonly paused: boolean }
  | { readonly state: 'track'; readonly track: MediaStreamTrack; readonly paused: boolean };

const none: DesiredTrack = { state: 'none' };

function desiredTrack(source: LocalSource, wanted: boolean): DesiredTrack {
  switch (source.state) {
    case 'on':
      return { state: 'track', track: source.track, paused: source.interrupted };
    case 'muted':
      return { state: 'track', track: source.track, paused: true };
    case 'opening':
      return { state: 'undecided', paused: !wanted };
    default:
      return none;
  }
}

export function desiredTracks(
  local: Omit<LocalMediaState, 'devices'>,
): Record<Source, DesiredTrack> {
  const { microphone, camera, screen, wanted } = local;
  const shared = (track: MediaStreamTrack | undefined): DesiredTrack =>
    track ? { state: 'track', track, paused: false } : none;
  return {
    microphone: desiredTrack(microphone, wanted.microphone),
    camera: desiredTrack(camera, wanted.camera),
    screen: screen.state === 'on' ? shared(screen.track) : none,
    'screen-audio': screen.state === 'on' ? shared(screen.audio) : none,
  };
}

type ProduceOptions = Pick<types.ProducerOptions, 'streamId' | 'encodings' | 'codecOptions'>;

/** By source, for the size of its track. Sound has none. */
const encodingsFor: Partial<Record<Source, (size: VideoSize) => VideoEncoding[]>> = {
  camera: cameraEncodings,
  screen: screenEncodings,
};

const produceOptions: Record<Source, ProduceOptions> = {
  microphone: {
    streamId: 'person',
    codecOptions: { opusStereo: false, opusDtx: true, opusFec: true, opusNack: true },
  },
  camera: { streamId: 'person', codecOptions: { videoGoogleStartBitrate: 1000 } },
  screen: { streamId: 'screen', codecOptions: { videoGoogleStartBitrate: 1000 } },
  'screen-audio': {
    streamId: 'screen',
    codecOptions: { opusStereo: true, opusFec: true, opusNack: true },
  },
};

/** Milliseconds. No event tells that a shared window was resized or a phone rotated. */
const sizeCheckInterval = 2_000;

const sources = ['microphone', 'camera', 'screen', 'screen-audio'] as const satisfies Source[];

interface Entry {
  readonly producer: types.Producer;
  track: MediaStreamTrack;
  /** As last sent to the server. */
  paused: boolean;
  /** As last applied. */
  encodings: readonly VideoEncoding[] | undefined;
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
  readonly #sizeTimer: ReturnType<typeof setInterval>;

  constructor(options: PublisherOptions) {
    this.#options = options;
    this.#sizeTimer = setInterval(() => {
      if (this.#desired) {
        this.reconcile(this.#desired);
      }
    }, sizeCheckInterval);
    options.transport.on('produce', ({ kind, rtpParameters, appData }, callback) => {
      const { producerId, source } = appData as { producerId: string; source: Source };
      // As it is now: the user may have muted since the producer was asked for.
      const paused = this.#isPaused(source);
      appData.paused = paused;
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
    clearInterval(this.#sizeTimer);
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
    // Before anything else: a muted track must not be sent, not even until its producer is ready.
    if (entry && !entry.paused && this.#isPaused(source)) {
      this.#setPaused(entry, true);
    }
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
      await this.#produce(source, desired.track);
      return true;
    }
    if (entry.track !== desired.track) {
      if (desired.track.readyState === 'ended') {
        return false;
      }
      await entry.producer.replaceTrack({ track: desired.track });
      entry.track = desired.track;
      return true;
    }
    if (entry.paused !== desired.paused) {
      this.#setPaused(entry, desired.paused);
    }
    return await this.#applyEncodings(source, entry);
  }

  #isPaused(source: Source): boolean {
    const desired = this.#desired?.[source] ?? none;
    return desired.state !== 'none' && desired.paused;
  }

  /**
   * The track may have another size than when it was produced: another camera, a resized window.
   *
   * @returns false if there is nothing to change
   */
  async #applyEncodings(source: Source, entry: Entry): Promise<boolean> {
    const encodings = encodingsFor[source]?.(entry.track.getSettings());
    const sender = entry.producer.rtpSender;
    if (!encodings || !sender || JSON.stringify(encodings) === JSON.stringify(entry.encodings)) {
      return false;
    }
    entry.encodings = encodings;
    const parameters = sender.getParameters();
    for (const [index, encoding] of parameters.encodings.entries()) {
      Object.assign(encoding, encodings[index]);
    }
    await sender.setParameters(parameters).catch((error: unknown) => {
      // With the previous encodings the track is still seen, only less sharp.
      console.warn('changing the encodings failed', error);
    });
    return true;
  }

  async #produce(source: Source, track: MediaStreamTrack): Promise<void> {
    const producerId = newUuid();
    const encodings = encodingsFor[source]?.(track.getSettings());
    try {
      const producer = await this.#options.transport.produce({
        ...produceOptions[source],
        ...(encodings && { encodings }),
        track,
        stopTracks: false,
        // Only LocalMedia enables tracks: a producer that isn't paused yet would enable a muted one.
        disableTrackOnPause: false,
        appData: { producerId, source },
      });
      // Rejected by the server meanwhile: `#reject` found nothing to close yet.
      if (this.#rejected.has(track)) {
        producer.close();
      } else {
        const paused = producer.appData.paused === true;
        this.#entries.set(source, { producer, track, paused, encodings });
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
