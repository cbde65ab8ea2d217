/** Starts a transport's ICE again when nothing comes through, and gives it up when that doesn't help. */
import type { types } from 'mediasoup-client';
import { RequestError } from '../signalling/signalling.ts';

/**
 * Milliseconds. A healthy signalling connection answers sooner, and the way to a new one is short; but a slow one
 * must not be given up again and again, so each time it is given twice as long.
 */
const answerWithin = { first: 1_000, longest: 8_000 };
const connectWithin = 8_000;

/** What is watched of a mediasoup-client Transport. */
export interface Watched {
  readonly connectionState: types.ConnectionState;
  on(event: 'connectionstatechange', listener: (state: types.ConnectionState) => void): unknown;
}

export interface IceWatchOptions {
  /** Gets new ICE parameters from the server and applies them. */
  restartIce: () => Promise<void>;
  /** The server doesn't answer: signalling is as dead as media. */
  onNoAnswer: () => void;
  /** Silent for other reasons than the network's. */
  onFalseAlarm: () => void;
  /** Nothing helped: the transport is of no use any more. Called at most once. */
  onLost: () => void;
}

type Phase =
  | 'well'
  /** The server was asked for new ICE parameters. */
  | 'asking'
  /** It has answered. */
  | 'connecting'
  /** It didn't: waits for another signalling connection. */
  | 'stranded'
  | 'over';

export class IceWatch {
  readonly #transport: Watched;
  readonly #options: IceWatchOptions;
  #phase: Phase = 'well';
  #patience = answerWithin.first;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @param transport - a mediasoup-client Transport */
  constructor(transport: Watched, options: IceWatchOptions) {
    this.#transport = transport;
    this.#options = options;
    transport.on('connectionstatechange', (state) => {
      if (state === 'connected') {
        this.heard();
      } else if (state === 'disconnected' || state === 'failed') {
        void this.restart();
      }
    });
  }

  /** Something has come through. */
  heard(): void {
    if (this.#phase === 'connecting' || this.#phase === 'stranded') {
      this.#become('well');
    }
  }

  /**
   * Starts ICE again, unless that is under way. What flows goes on flowing meanwhile: the old pair
   * stays selected until a new one is (RFC 8445, section 9).
   *
   * @param again - also if it is under way: the browser may have other addresses by now
   */
  async restart({ again = false } = {}): Promise<void> {
    if (this.#phase !== 'well' && !(again && this.#phase === 'connecting')) {
      return;
    }
    this.#become('asking');
    this.#after(this.#patience, () => {
      this.#patience = Math.min(this.#patience * 2, answerWithin.longest);
      this.#strand();
    });
    try {
      await this.#options.restartIce();
    } catch (error) {
      if (!this.#is('asking')) {
        return;
      }
      if (error instanceof RequestError && error.code === undefined) {
        this.#strand();
      } else {
        this.#lose(error);
      }
      return;
    }
    if (!this.#is('asking')) {
      return;
    }
    this.#patience = answerWithin.first;
    this.#become('connecting');
    this.#after(connectWithin, () => {
      if (this.#transport.connectionState !== 'connected') {
        this.#lose('nothing came through');
        return;
      }
      this.#become('well');
      this.#options.onFalseAlarm();
    });
  }

  /** Signalling works again. */
  signallingIsBack(): void {
    if (this.#phase !== 'stranded') {
      return;
    }
    this.#become('well');
    void this.restart();
  }

  stop(): void {
    this.#become('over');
  }

  #is(phase: Phase): boolean {
    return this.#phase === phase;
  }

  #strand(): void {
    this.#become('stranded');
    this.#options.onNoAnswer();
  }

  #lose(reason: unknown): void {
    console.warn('ICE restart failed', reason);
    this.#become('over');
    this.#options.onLost();
  }

  #become(phase: Phase): void {
    clearTimeout(this.#timer);
    if (this.#phase !== 'over') {
      this.#phase = phase;
    }
  }

  #after(milliseconds: number, then: () => void): void {
    this.#timer = setTimeout(then, milliseconds);
  }
}
