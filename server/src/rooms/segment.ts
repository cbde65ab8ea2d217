import type { Source } from '@oneport/protocol';
import type { types } from 'mediasoup';
import type { Headroom } from '../media/headroom.ts';
import type { WorkerPorts } from '../ports/types.ts';
import { KeyFrameRequests } from './key-frame-requests.ts';
import { type ChatHistory, RoomChannel } from './room-channel.ts';
import { Speakers } from './speakers.ts';

/**
 * The appData of each producer in a room, and of its copies in other segments. Only the server sets it.
 * `segment` is where its participant publishes it.
 */
export type ProducerData = { peerId: string; source: Source; segment: Segment };

export type Producer = types.Producer<ProducerData>;

/**
 * A worker as rooms use it: a `MediaWorker`. The objects of mediasoup that it returns are interfaces, so that a worker
 * elsewhere can stand behind the same calls.
 */
export interface SegmentWorker extends Headroom {
  readonly index: number;
  /** It has died. */
  readonly closed: boolean;
  readonly ports: WorkerPorts;
  createRouter(): Promise<types.Router>;
  /** The client of a transport has sent its DTLS parameters. */
  connecting(transportId: string): void;
  /** Counts what is about to be created. */
  reserve(expected: { transports: number; consumers: number }): void;
}

/** A part of a room's media: a router on one worker, and what is created on it. A room outlives its segments. */
export class Segment {
  readonly worker: SegmentWorker;
  readonly router: types.Router;
  readonly speakers: Speakers;
  readonly channel: RoomChannel;
  readonly keyFrames = new KeyFrameRequests();
  /** By performance.now(). */
  #arrivedAt = performance.now();

  private constructor(
    worker: SegmentWorker,
    router: types.Router,
    speakers: Speakers,
    channel: RoomChannel,
  ) {
    this.worker = worker;
    this.router = router;
    this.speakers = speakers;
    this.channel = channel;
  }

  /** @param history - sent again to each participant that opens the room's data channel */
  static async create(worker: SegmentWorker, history: ChatHistory): Promise<Segment> {
    const router = await worker.createRouter();
    try {
      const [speakers, channel] = await Promise.all([
        // mediasoup's observers return producers without the type of their appData.
        Speakers.create(router, ({ appData }) => (appData as ProducerData).peerId),
        RoomChannel.create(router, history),
      ]);
      return new Segment(worker, router, speakers, channel);
    } catch (error) {
      router.close();
      throw error;
    }
  }

  /** Milliseconds since the segment was opened, or since participants of a dead worker last came to it. */
  get sinceArrival(): number {
    return performance.now() - this.#arrivedAt;
  }

  /** true once the worker has died or the segment was closed. */
  get closed(): boolean {
    return this.router.closed;
  }

  /** A participant of a dead worker has come to this segment. */
  arrived(): void {
    this.#arrivedAt = performance.now();
  }

  /** @throws NoPortError */
  createPipeTransport(): Promise<types.PipeTransport> {
    return this.worker.ports.createPipeTransport(this.router);
  }

  close(): void {
    this.router.close();
  }
}
