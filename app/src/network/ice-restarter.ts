/** Restarts a transport's ICE when nothing is received, and reports the transport as lost when that doesn't help. */
import type { types } from 'mediasoup-client';
import { RequestError } from '../signalling/signalling.ts';

/**
 * Milliseconds until a request without an answer is given up. A healthy signalling connection answers sooner, and
 * opening a new one takes little time. A slow connection must not be replaced again and again, so the timeout doubles
 * each time.
 */
const requestTimeout = { initial: 1_000, max: 8_000 };
/** Milliseconds from the server's answer until media must get through. */
const restartTimeout = 8_000;

/** The part of a mediasoup-client Transport that is needed. */
export interface RestartableTransport {
  readonly connectionState: types.ConnectionState;
  on(event: 'connectionstatechange', listener: (state: types.ConnectionState) => void): unknown;
}

export interface IceRestarterOptions {
  /** Gets new ICE parameters from the server and applies them. */
  restartIce: () => Promise<void>;
  /** The server doesn't answer: signalling is as dead as media. */
  onNoAnswer: () => void;
  /** The transport stayed connected during the restart: it was silent for another reason. */
  onFalseAlarm: () => void;
  /** The restart failed, and the transport can't be used any more. Called at most once. */
  onLost: () => void;
}

type Phase =
  | 'stable'
  /** The server was asked for new ICE parameters. */
  | 'requesting'
  /** The server has answered, and ICE checks are under way. */
  | 'restarting'
  /** The server did not answer. The restart waits for another signalling connection. */
  | 'no-signalling'
  | 'stopped';

export class IceRestarter {
  readonly #transport: RestartableTransport;
  readonly #options: IceRestarterOptions;
  #phase: Phase = 'stable';
  #requestTimeout = requestTimeout.initial;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(transport: RestartableTransport, options: IceRestarterOptions) {
    this.#transport = transport;
    this.#options = options;
    transport.on('connectionstatechange', (state) => {
      if (state === 'connected') {
        this.received();
      } else if (state === 'disconnected' || state === 'failed') {
        void this.restart();
      }
    });
  }

  /** Something was received, so no restart is needed any more. */
  received(): void {
    if (this.#phase === 'restarting' || this.#phase === 'no-signalling') {
      this.#setPhase('stable');
    }
  }

  /**
   * Restarts ICE, unless a restart is under way. Media keeps flowing meanwhile: the old candidate pair stays selected
   * until a new one is (RFC 8445, section 9).
   *
   * @param force - restart even if ICE checks are under way, because the browser may have other addresses by now
   */
  async restart({ force = false } = {}): Promise<void> {
    if (this.#phase !== 'stable' && !(force && this.#phase === 'restarting')) {
      return;
    }
    this.#setPhase('requesting');
    this.#after(this.#requestTimeout, () => {
      this.#requestTimeout = Math.min(this.#requestTimeout * 2, requestTimeout.max);
      this.#waitForSignalling();
    });
    try {
      await this.#options.restartIce();
    } catch (error) {
      if (!this.#is('requesting')) {
        return;
      }
      if (error instanceof RequestError && error.code === undefined) {
        this.#waitForSignalling();
      } else {
        this.#lose(error);
      }
      return;
    }
    if (!this.#is('requesting')) {
      return;
    }
    this.#requestTimeout = requestTimeout.initial;
    this.#setPhase('restarting');
    this.#after(restartTimeout, () => {
      if (this.#transport.connectionState !== 'connected') {
        this.#lose('nothing was received');
        return;
      }
      this.#setPhase('stable');
      this.#options.onFalseAlarm();
    });
  }

  /** There is a new signalling connection. */
  signallingResumed(): void {
    if (this.#phase !== 'no-signalling') {
      return;
    }
    this.#setPhase('stable');
    void this.restart();
  }

  stop(): void {
    this.#setPhase('stopped');
  }

  #is(phase: Phase): boolean {
    return this.#phase === phase;
  }

  #waitForSignalling(): void {
    this.#setPhase('no-signalling');
    this.#options.onNoAnswer();
  }

  #lose(reason: unknown): void {
    console.warn('ICE restart failed', reason);
    this.#setPhase('stopped');
    this.#options.onLost();
  }

  #setPhase(phase: Phase): void {
    clearTimeout(this.#timer);
    if (this.#phase !== 'stopped') {
      this.#phase = phase;
    }
  }

  #after(milliseconds: number, then: () => void): void {
    this.#timer = setTimeout(then, milliseconds);
  }
}
