import type { types } from 'mediasoup';
import type { MediaWorker } from '../media/media-worker.ts';
import type { ChatHistory } from './chat-history.ts';
import { producerData } from './producer-data.ts';
import { RoomChannel } from './room-channel.ts';
import { Speakers } from './speakers.ts';

/** What carries a room: a router on a worker, and what belongs to it. A room may outlive it. */
export class RoomMedia {
  readonly worker: MediaWorker;
  readonly router: types.Router;
  readonly speakers: Speakers;
  readonly channel: RoomChannel;

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

  /**
   * @param worker - where the room shall be
   * @param history - the room's chat, which is repeated to each who comes
   */
  static async create(worker: MediaWorker, history: ChatHistory): Promise<RoomMedia> {
    const router = await worker.createRouter();
    try {
      const [speakers, channel] = await Promise.all([
        Speakers.create(router, (producer) => producerData(producer).peerId),
        RoomChannel.create(router, history),
      ]);
      return new RoomMedia(worker, router, speakers, channel);
    } catch (error) {
      router.close();
      throw error;
    }
  }

  /** Its worker has died, or the room has ended. */
  get closed(): boolean {
    return this.router.closed;
  }

  close(): void {
    this.router.close();
  }
}
