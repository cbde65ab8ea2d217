import type { Source } from '@oneport/protocol';
import type { types } from 'mediasoup';
import type { MediaWorker } from '../media/media-worker.ts';
import { KeyFrameRequests } from './key-frame-requests.ts';
import { type ChatHistory, RoomChannel } from './room-channel.ts';
import { Speakers } from './speakers.ts';

/** The appData of each producer in a room. Only the server sets it. */
export type ProducerData = { peerId: string; source: Source };

export type Producer = types.Producer<ProducerData>;

/** The router of a room, and what is created on it. A room outlives it. */
export class RoomMedia {
  readonly worker: MediaWorker;
  readonly router: types.Router;
  readonly speakers: Speakers;
  readonly channel: RoomChannel;
  readonly keyFrames = new KeyFrameRequests();
  /** By performance.now(). */
  readonly #createdAt = performance.now();

  private constructor(
    worker: MediaWorker,
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
  static async create(worker: MediaWorker, history: ChatHistory): Promise<RoomMedia> {
    const router = await worker.createRouter();
    try {
      const [speakers, channel] = await Promise.all([
        // mediasoup's observers return producers without the type of their appData.
        Speakers.create(router, ({ appData }) => (appData as ProducerData).peerId),
        RoomChannel.create(router, history),
      ]);
      return new RoomMedia(worker, router, speakers, channel);
    } catch (error) {
      router.close();
      throw error;
    }
  }

  /** Milliseconds since the room came to this worker. */
  get age(): number {
    return performance.now() - this.#createdAt;
  }

  /** true once the worker has died or the room has closed. */
  get closed(): boolean {
    return this.router.closed;
  }

  close(): void {
    this.router.close();
  }
}
