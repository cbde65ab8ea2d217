import { EventEmitter } from 'node:events';
import type { types } from 'mediasoup';

/** Follows the active speaker among the microphones of one router. */
export class Speakers extends EventEmitter<{ change: [peerId: string | null] }> {
  readonly #dominant: types.ActiveSpeakerObserver;
  readonly #levels: types.AudioLevelObserver;
  #current: string | null = null;

  private constructor(
    dominant: types.ActiveSpeakerObserver,
    levels: types.AudioLevelObserver,
    peerIdOf: (producer: types.Producer) => string,
  ) {
    super();
    this.#dominant = dominant;
    this.#levels = levels;
    // Each observer knows half. ActiveSpeakerObserver follows a conversation without flickering, but reports
    // neither silence nor that the dominant speaker has stopped while others talk. AudioLevelObserver reports
    // levels and silence.
    let lastDominant: string | null = null;
    dominant.on('dominantspeaker', ({ producer }) => {
      lastDominant = peerIdOf(producer);
      // After silence, wait for 'volumes': mediasoup emits 'silence' only after 'volumes', so a speaker set here
      // might never be reset.
      if (this.#current !== null) {
        this.#set(lastDominant);
      }
    });
    levels.on('volumes', (volumes) => {
      const loud = volumes.map(({ producer }) => peerIdOf(producer));
      const dominantIsLoud = lastDominant !== null && loud.includes(lastDominant);
      this.#set(dominantIsLoud ? lastDominant : (loud[0] ?? null));
    });
    levels.on('silence', () => this.#set(null));
  }

  /** @param peerIdOf - the participant that a watched producer belongs to */
  static async create(
    router: types.Router,
    peerIdOf: (producer: types.Producer) => string,
  ): Promise<Speakers> {
    const [dominant, levels] = await Promise.all([
      router.createActiveSpeakerObserver({ interval: 300 }),
      router.createAudioLevelObserver({ interval: 500, threshold: -70, maxEntries: 10 }),
    ]);
    return new Speakers(dominant, levels, peerIdOf);
  }

  /** @param producerId - of a microphone. mediasoup's observers forget it when it closes */
  async watch(producerId: string): Promise<void> {
    await Promise.all([
      this.#dominant.addProducer({ producerId }),
      this.#levels.addProducer({ producerId }),
    ]);
  }

  #set(peerId: string | null): void {
    if (peerId === this.#current) {
      return;
    }
    this.#current = peerId;
    this.emit('change', peerId);
  }
}
