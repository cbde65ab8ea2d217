/**
 * Keeps a signalling connection open: one attempt after the other, each with a new socket and a new
 * URL, until it is stopped or the server says that there is no point.
 */
import { closeCodes } from '@oneport/protocol';
import { type Heartbeat, startHeartbeat } from './heartbeat.ts';
import { type RetryPace, retryDelay } from './retry-delay.ts';
import type { Signalling } from './signalling.ts';
import type { SocketEnd } from './socket.ts';

/** Why there is no connection at the moment. */
export type TroubleCause =
  /** No answer: the server is down, or the network is. */
  | 'unreachable'
  /** The server said that it restarts. */
  | 'restarting'
  /** The server or the room is full. */
  | 'busy'
  /** Signalling works, but no media came through. */
  | 'media-lost';

export interface Trouble {
  readonly cause: TroubleCause;
  /** When the next attempt begins, as Date.now() counts; null: it is under way. */
  readonly retryAt: number | null;
  /** The server has said that it goes: media has ended with it, whatever the browser has noticed of that. */
  readonly serverGone: boolean;
}

/** Why there will be no further attempt. */
export type FailureKind = 'gone' | 'bad-request' | 'refused' | 'turned-away' | 'unsupported';

export interface Failure {
  readonly kind: FailureKind;
  /** The server's words. */
  readonly reason: string;
}

export interface ConnectorOptions {
  /** Opens a socket for one attempt. `ended` says that it is gone. */
  open: (resume: string | undefined, ended: (end: SocketEnd) => void) => Signalling;
  /** There is trouble, or what is known of it has changed. */
  onTrouble: (trouble: Trouble) => void;
  onFailure: (failure: Failure) => void;
  /** The server doesn't know our secret any more: come as somebody new, or stop. */
  onPlaceLost: () => void;
}

const finalCodes: Record<number, FailureKind> = {
  [closeCodes.gone]: 'gone',
  [closeCodes.badFrame]: 'bad-request',
  [closeCodes.refused]: 'refused',
  [closeCodes.turnedAway]: 'turned-away',
};

const paces: Record<TroubleCause, RetryPace> = {
  unreachable: 'usual',
  restarting: 'soon',
  busy: 'slow',
  'media-lost': 'usual',
};

/** After this long without trouble, the next trouble starts again with short delays. */
const settledAfter = 10_000;

export class Connector {
  readonly #options: ConnectorOptions;
  #signalling: Signalling | undefined;
  #resumeSecret: string | undefined;
  #attempt = 0;
  #cause: TroubleCause = 'unreachable';
  #serverGone = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #heartbeat: Heartbeat | undefined;
  #running = false;

  constructor(options: ConnectorOptions) {
    this.#options = options;
  }

  /** The open socket's, or that of the attempt under way. */
  get signalling(): Signalling | undefined {
    return this.#signalling;
  }

  /** The secret by which the next socket would take this one's place. */
  get resumeSecret(): string | undefined {
    return this.#resumeSecret;
  }

  /** @param resumeSecret - of a place that I have already, from before the page was loaded again */
  start(resumeSecret?: string): void {
    this.#running = true;
    this.#resumeSecret = resumeSecret;
    this.#attempt = 0;
    this.#open();
  }

  /** Leaves: closes the socket, and makes no further attempt. */
  stop(): void {
    this.#running = false;
    this.#resumeSecret = undefined;
    clearTimeout(this.#timer);
    this.#heartbeat?.stop();
    this.#signalling?.close();
    this.#signalling = undefined;
  }

  /** The server has welcomed us. @param resumeSecret - lets the next socket take this one's place */
  welcomed(resumeSecret: string): void {
    this.#resumeSecret = resumeSecret;
    this.#serverGone = false;
    const signalling = this.#signalling;
    this.#heartbeat?.stop();
    this.#heartbeat = startHeartbeat({
      ping: async () => await signalling?.request('ping', {}),
      onDead: () => this.reconnect('unreachable'),
    });
  }

  /** Joined: unless trouble comes soon, it was no trouble at all. */
  settled(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#attempt = 0;
    }, settledAfter);
  }

  /** Doesn't wait for the next attempt's time. If none is waited for, sees whether the socket is still alive. */
  retryNow(): void {
    if (this.#running && !this.#signalling) {
      this.#open();
    } else {
      this.#heartbeat?.beat();
    }
  }

  /**
   * Another network: the socket that there is may be dead without saying so, and finding that out takes longer than
   * opening another. Nobody notices if there was no need.
   */
  replace(): void {
    // Without a place to come back to, there is only the socket.
    if (!this.#running || !this.#signalling || this.#resumeSecret === undefined) {
      this.retryNow();
      return;
    }
    this.#heartbeat?.stop();
    this.#signalling.abandon();
    this.#open();
  }

  /** Gives this connection up and makes another. */
  reconnect(cause: TroubleCause): void {
    if (!this.#running) {
      return;
    }
    this.#signalling?.abandon();
    this.#waitAndRetry(cause);
  }

  #open(): void {
    clearTimeout(this.#timer);
    if (this.#attempt > 0) {
      this.#tell(null);
    }
    const resume = this.#resumeSecret;
    this.#signalling = this.#options.open(resume, (end) => this.#ended(end, resume));
  }

  #ended({ code, reason }: SocketEnd, resume: string | undefined): void {
    if (!this.#running) {
      return;
    }
    const failure = finalCodes[code];
    const neverWelcomed = resume === this.#resumeSecret;
    if (failure === 'refused' && resume !== undefined && neverWelcomed) {
      // The secret is no longer good, for example since the server is a new process.
      this.#resumeSecret = undefined;
      this.#options.onPlaceLost();
      if (this.#running) {
        this.#waitAndRetry('unreachable');
      }
    } else if (failure) {
      this.stop();
      this.#options.onFailure({ kind: failure, reason });
    } else if (code === closeCodes.restart) {
      this.#serverGone = true;
      this.#waitAndRetry('restarting');
    } else {
      this.#waitAndRetry(code === closeCodes.tooMany ? 'busy' : 'unreachable');
    }
  }

  #waitAndRetry(cause: TroubleCause): void {
    clearTimeout(this.#timer);
    this.#heartbeat?.stop();
    this.#signalling = undefined;
    this.#cause = cause;
    const delay = retryDelay(this.#attempt, paces[cause]);
    this.#attempt += 1;
    this.#timer = setTimeout(() => this.#open(), delay);
    this.#tell(Date.now() + delay);
  }

  #tell(retryAt: Trouble['retryAt']): void {
    this.#options.onTrouble({ cause: this.#cause, retryAt, serverGone: this.#serverGone });
  }
}
