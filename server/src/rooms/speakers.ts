import { EventEmitter } from 'node:events';
import type { types } from 'mediasoup';

/** Who speaks: decided here, so that everybody sees the same. */
export class Speakers extends EventEmitter<{ change: [speaker: string | null] }> {
  readonly #dominant: types.ActiveSpeakerObserver;
  readonly #levels: types.AudioLevelObserver;
  #speaker: string | null = null;

  private constructor(
    dominant: types.ActiveSpeakerObserver,
    levels: types.AudioLevelObserver,
    peerOf: (producer: types.Producer) => string | null,
  ) {
    super();
    this.#dominant = dominant;
    this.#levels = levels;
    // Two observers, because each knows half. ActiveSpeakerObserver follows a conversation without
    // flickering, but never says that it is over, nor that the dominant one has stopped while others
    // have not. AudioLevelObserver knows who is loud, and silence.
    let last: string | null = null;
    dominant.on('dominantspeaker', ({ producer }) => {
      last = peerOf(producer);
      // Out of silence the next 'volumes' marks: after each of those, and only then, comes a 'silence'.
      if (this.#speaker !== null) {
        this.#set(last);
      }
    });
    levels.on('volumes', (volumes) => {
      const loud = volumes.map(({ producer }) => peerOf(producer));
      this.#set(loud.includes(last) ? last : (loud[0] ?? null));
    });
    levels.on('silence', () => this.#set(null));
  }

  /**
   * @param router - the room's
   * @param peerOf - whose a producer is; null: nobody's who could be marked
   */
  static async create(
    router: types.Router,
    peerOf: (producer: types.Producer) => string | null,
  ): Promise<Speakers> {
    const [dominant, levels] = await Promise.all([
      router.createActiveSpeakerObserver({ interval: 300 }),
      router.createAudioLevelObserver({ interval: 500, threshold: -70, maxEntries: 10 }),
    ]);
    return new Speakers(dominant, levels, peerOf);
  }

  get current(): string | null {
    return this.#speaker;
  }

  /** From now on this microphone's peer may be the speaker. It is forgotten when it closes. */
  async watch(producer: types.Producer): Promise<void> {
    await Promise.all([
      this.#dominant.addProducer({ producerId: producer.id }),
      this.#levels.addProducer({ producerId: producer.id }),
    ]);
  }

  #set(speaker: string | null): void {
    if (speaker === this.#speaker) {
      return;
    }
    this.#speaker = speaker;
    this.emit('change', speaker);
  }
}
