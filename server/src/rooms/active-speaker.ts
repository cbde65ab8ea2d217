import { EventEmitter } from 'node:events';
import type { Logger } from '../telemetry/log.ts';
import type { Pipes } from './pipes.ts';
import type { Producer, Segment } from './segment.ts';

/**
 * Decides on the server who the active speaker is, so that all participants see the same one. The microphones of all
 * segments are observed in one of them: what two observers find can't be compared. Where any participant listens, most
 * microphones are copied anyway.
 */
export class ActiveSpeaker extends EventEmitter<{ change: [peerId: string | null] }> {
  readonly #pipes: Pipes;
  readonly #log: Logger;
  #segment: Segment | undefined;
  #current: string | null = null;

  constructor(pipes: Pipes, log: Logger) {
    super();
    this.#pipes = pipes;
    this.#log = log;
  }

  /** null: no one speaks. */
  get current(): string | null {
    return this.#current;
  }

  /**
   * Observes in this segment from now on.
   *
   * @param segment - undefined: none is open
   * @param producers - those of the room
   */
  observeIn(segment: Segment | undefined, producers: readonly Producer[]): void {
    if (segment === this.#segment) {
      return;
    }
    this.#segment = segment;
    this.#set(null);
    segment?.speakers.on('change', (peerId) => {
      if (this.#segment === segment) {
        this.#set(peerId);
      }
    });
    for (const producer of producers) {
      this.watch(producer);
    }
  }

  /** Adds a producer, if it is a microphone, until it closes. */
  watch(producer: Producer): void {
    const segment = this.#segment;
    if (!segment || producer.appData.source !== 'microphone') {
      return;
    }
    // Not released: the copy is observed for as long as there is something to observe.
    this.#pipes
      .hold(producer, segment)
      .then(({ producerId }) => segment.speakers.watch(producerId))
      // Fails when the producer or the segment has closed meanwhile.
      .catch((error) =>
        this.#log.debug({ producerId: producer.id, error: String(error) }, 'speaker not watched'),
      );
  }

  #set(peerId: string | null): void {
    if (peerId === this.#current) {
      return;
    }
    this.#current = peerId;
    this.emit('change', peerId);
  }
}
