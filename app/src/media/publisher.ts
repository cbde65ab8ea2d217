/** Brings producers in line with what I have to send. */
import { errorCodes, type RequestReply, type Source } from '@oneport/protocol';
import type { types } from 'mediasoup-client';
import type { LocalMediaState, LocalSource } from '../devices/local-media.ts';
import { newUuid } from '../page/ids.ts';
import { RequestError, type SendRequest } from '../signalling/signalling.ts';
import { parametersForServer } from './rtp.ts';

/** What should be sent of one source. `undecided`: a device is being opened, leave things as they are. */
export type Wanted =
  | { readonly state: 'none' }
  | { readonly state: 'undecided' }
  | { readonly state: 'track'; readonly track: MediaStreamTrack; readonly paused: boolean };

const none: Wanted = { state: 'none' };

function wantedOf(source: LocalSource): Wanted {
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

/** @param local - my devices, as they are */
export function wantedSources(local: LocalMediaState): Record<Source, Wanted> {
  const { screen } = local;
  const shared = (track: MediaStreamTrack | undefined): Wanted =>
    track ? { state: 'track', track, paused: false } : none;
  return {
    microphone: wantedOf(local.microphone),
    camera: wantedOf(local.camera),
    screen: screen.state === 'on' ? shared(screen.track) : none,
    'screen-audio': screen.state === 'on' ? shared(screen.audio) : none,
  };
}

type ProduceOptions = Pick<types.ProducerOptions, 'streamId' | 'encodings' | 'codecOptions'>;

/** How each source is encoded. Bitrates in bits a second. Made anew each time: encodings get changed. */
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

interface Sending {
  readonly producer: types.Producer;
  readonly track: MediaStreamTrack;
  /** What the server was told last. */
  paused: boolean;
}

/** The part of a mediasoup-client Transport that is needed. */
export interface SendTransport {
  readonly id: string;
  on: types.Transport['on'];
  produce(options: types.ProducerOptions): Promise<types.Producer>;
}

export interface PublisherOptions {
  transport: SendTransport;
  request: SendRequest;
  /** The server or the browser has refused to send this. */
  onRefused: (source: Source, reason: string) => void;
}

export class Publisher {
  readonly #options: PublisherOptions;
  readonly #sending = new Map<Source, Sending>();
  /** Tracks that were refused: not tried again on this transport. */
  readonly #refused = new WeakSet<MediaStreamTrack>();
  readonly #working = new Map<Source, Promise<void>>();
  #wanted: Record<Source, Wanted> | undefined;
  /** waiting: there is no signalling, and so nothing is begun. */
  #state: 'working' | 'waiting' | 'over' = 'working';

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
        .catch((error: unknown) => this.#refuse(source, producerId, error));
      // The server handles a peer's messages in order: nothing that follows can overtake this one.
      callback({ id: producerId });
    });
  }

  /** Sends what is wanted, and only that. May be called at any time, as often as one likes. */
  reconcile(wanted: Record<Source, Wanted>): void {
    this.#wanted = wanted;
    if (this.#state !== 'working') {
      return;
    }
    for (const source of sources) {
      this.#reconcileSource(source);
    }
  }

  /** There is no signalling: what is sent goes on, and what changes waits for `resumed`. */
  suspend(): void {
    if (this.#state === 'working') {
      this.#state = 'waiting';
    }
  }

  /**
   * There is signalling again.
   *
   * @param known - what the server knows of that we send: the rest is to be produced again
   */
  async resumed(known: RequestReply<'join'>['producers']): Promise<void> {
    // What was begun before ends first: the server has it, or it hasn't.
    await Promise.all(this.#working.values());
    if (this.#state !== 'waiting') {
      return;
    }
    this.#state = 'working';
    const there = new Map(known.map((producer) => [producer.producerId, producer]));
    for (const [source, sending] of this.#sending) {
      const producer = there.get(sending.producer.id);
      there.delete(sending.producer.id);
      if (producer) {
        sending.paused = producer.paused;
      } else {
        this.#sending.delete(source);
        sending.producer.close();
      }
    }
    for (const producerId of there.keys()) {
      this.#tell('closeProducer', producerId);
    }
    if (this.#wanted) {
      this.reconcile(this.#wanted);
    }
  }

  /** The transport is about to close: what fails from now on is no refusal. */
  end(): void {
    this.#state = 'over';
  }

  #reconcileSource(source: Source): void {
    if (this.#working.has(source)) {
      return;
    }
    this.#working.set(
      source,
      this.#work(source).finally(() => this.#working.delete(source)),
    );
  }

  async #work(source: Source): Promise<void> {
    try {
      // Each step may take a while, and what is wanted may be something else by then.
      while (this.#state === 'working' && (await this.#step(source))) {}
    } catch (error) {
      if (this.#state === 'over') {
        return;
      }
      this.#options.onRefused(source, error instanceof Error ? error.message : String(error));
    }
  }

  /** Does the next thing that is needed. Resolves with false if there is none. */
  async #step(source: Source): Promise<boolean> {
    const wanted = this.#wanted?.[source] ?? none;
    const sending = this.#sending.get(source);
    if (wanted.state === 'undecided') {
      return false;
    }
    if (wanted.state === 'none') {
      if (sending) {
        this.#stop(source, sending);
      }
      return false;
    }
    if (!sending) {
      if (this.#refused.has(wanted.track) || wanted.track.readyState === 'ended') {
        return false;
      }
      await this.#start(source, wanted.track, wanted.paused);
      return true;
    }
    if (sending.track !== wanted.track) {
      if (wanted.track.readyState === 'ended') {
        return false;
      }
      await sending.producer.replaceTrack({ track: wanted.track });
      this.#sending.set(source, { ...sending, track: wanted.track });
      return true;
    }
    if (sending.paused !== wanted.paused) {
      this.#setPaused(sending, wanted.paused);
    }
    return false;
  }

  async #start(source: Source, track: MediaStreamTrack, paused: boolean): Promise<void> {
    const producerId = newUuid();
    try {
      const producer = await this.#options.transport.produce({
        ...produceOptions[source](),
        track,
        stopTracks: false,
        appData: { producerId, source, paused },
      });
      // Refused while it was being made: `#refuse` found nothing to close yet.
      if (this.#refused.has(track)) {
        producer.close();
      } else {
        this.#sending.set(source, { producer, track, paused });
      }
    } catch (error) {
      this.#refused.add(track);
      throw error;
    }
  }

  #stop(source: Source, { producer }: Sending): void {
    this.#sending.delete(source);
    if (producer.closed) {
      return;
    }
    producer.close();
    this.#tell('closeProducer', producer.id);
  }

  #setPaused(sending: Sending, paused: boolean): void {
    sending.paused = paused;
    if (paused) {
      sending.producer.pause();
    } else {
      sending.producer.resume();
    }
    this.#tell(paused ? 'pauseProducer' : 'resumeProducer', sending.producer.id);
  }

  #tell(method: 'closeProducer' | 'pauseProducer' | 'resumeProducer', producerId: string): void {
    this.#options.request(method, { producerId }).catch((error: unknown) => {
      // Of no consequence without a connection: the next one begins with what is wanted then.
      if (error instanceof RequestError && error.code === undefined) {
        return;
      }
      console.warn('publishing:', error);
    });
  }

  #refuse(source: Source, producerId: string, error: unknown): void {
    // No answer: the next connection says what has become of it. A conflict: there is a newer `welcome`.
    const noRefusal = [undefined, errorCodes.notFound, errorCodes.conflict] as unknown[];
    if (error instanceof RequestError && noRefusal.includes(error.code)) {
      return;
    }
    const wanted = this.#wanted?.[source];
    const sending = this.#sending.get(source);
    if (sending?.producer.id === producerId) {
      this.#refused.add(sending.track);
      this.#sending.delete(source);
      sending.producer.close();
    } else if (wanted?.state === 'track') {
      this.#refused.add(wanted.track);
    }
    this.#options.onRefused(source, error instanceof Error ? error.message : String(error));
  }
}
