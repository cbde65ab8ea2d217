/**
 * Keeps a signalling connection open: one attempt after another, each with a new socket and a new URL, until it is
 * stopped or the server says that there is no point in retrying.
 */
import { closeCodes } from '@oneport/protocol';
import { type Heartbeat, startHeartbeat } from './heartbeat.ts';
import type { Signalling } from './signalling.ts';
import type { SocketClose } from './socket.ts';

/** Why there is no connection at the moment. */
export type ConnectionProblemCause =
  /** No answer: the server or the network is down. */
  | 'unreachable'
  /** The server announced that it restarts. */
  | 'restarting'
  /** The server or the room is full. */
  | 'busy'
  /** Signalling works, but no media gets through. */
  | 'media-lost';

export interface ConnectionProblem {
  readonly cause: ConnectionProblemCause;
  /** When the next attempt begins, in milliseconds since the epoch; null while it is under way. */
  readonly retryAt: number | null;
  /** The server announced its end: media has ended too, even if the browser has not noticed yet. */
  readonly serverGone: boolean;
}

/** Why there will be no further attempt. */
type FailureKind =
  | 'gone'
  | 'bad-request'
  | 'unauthorized'
  | 'forbidden'
  /** The server no longer supports this page. */
  | 'outdated'
  | 'unsupported';

export interface Failure {
  readonly kind: FailureKind;
  /** As the server put it. */
  readonly reason: string;
}

export interface ConnectorOptions {
  /**
   * Opens a socket for one attempt.
   *
   * @param resume - the resume secret of the session to continue
   * @param onClose - to be called when the socket is gone
   */
  open: (resume: string | undefined, onClose: (close: SocketClose) => void) => Signalling;
  /** There is a problem, or its details have changed. */
  onProblem: (problem: ConnectionProblem) => void;
  onFailure: (failure: Failure) => void;
  /** The server rejected the resume secret. The next attempt joins as a new peer, unless the connector is stopped. */
  onResumeRejected: () => void;
}

const finalCodes: Record<number, FailureKind> = {
  [closeCodes.gone]: 'gone',
  [closeCodes.badFrame]: 'bad-request',
  [closeCodes.unauthorized]: 'unauthorized',
  [closeCodes.forbidden]: 'forbidden',
  [closeCodes.outdated]: 'outdated',
};

/** Milliseconds before the first retry, doubled for each further one. */
const initialDelays: Record<ConnectionProblemCause, number> = {
  unreachable: 500,
  restarting: 200,
  busy: 4_000,
  'media-lost': 500,
};
const maxDelay = 10_000;

/** Milliseconds without a problem after which the backoff starts again with the initial delay. */
const stableAfter = 10_000;

export class Connector {
  readonly #options: ConnectorOptions;
  #signalling: Signalling | undefined;
  #resumeSecret: string | undefined;
  #attempt = 0;
  #cause: ConnectionProblemCause = 'unreachable';
  #serverGone = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #heartbeat: Heartbeat | undefined;
  #running = false;

  constructor(options: ConnectorOptions) {
    this.#options = options;
  }

  /** Of the open socket, or of the attempt under way. */
  get signalling(): Signalling | undefined {
    return this.#signalling;
  }

  /** With it, the next socket continues the session of this one. */
  get resumeSecret(): string | undefined {
    return this.#resumeSecret;
  }

  /** @param resumeSecret - of a session that is to be continued, from before the page was reloaded */
  start(resumeSecret?: string): void {
    this.#running = true;
    this.#resumeSecret = resumeSecret;
    this.#attempt = 0;
    this.#open();
  }

  /** Leaves: closes the socket and makes no further attempt. */
  stop(): void {
    this.#running = false;
    this.#resumeSecret = undefined;
    clearTimeout(this.#timer);
    this.#heartbeat?.stop();
    this.#signalling?.close();
    this.#signalling = undefined;
  }

  /**
   * The server has sent `welcome`.
   *
   * @param resumeSecret - from that message
   */
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

  /** The peer has joined. Unless a problem follows soon, the backoff starts again with the initial delay. */
  joined(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#attempt = 0;
    }, stableAfter);
  }

  /** Starts the next attempt at once. While there is a socket, checks that it is alive instead. */
  retryNow(): void {
    if (this.#running && !this.#signalling) {
      this.#open();
    } else {
      this.#heartbeat?.beat();
    }
  }

  /**
   * Replaces the socket after a network change: it may be dead without having closed, and finding that out takes
   * longer than opening another one.
   */
  replace(): void {
    // Without a session to resume, the new socket would be a new peer.
    if (!this.#running || !this.#signalling || this.#resumeSecret === undefined) {
      this.retryNow();
      return;
    }
    this.#heartbeat?.stop();
    this.#signalling.abandon();
    this.#open();
  }

  /** Abandons the current socket and opens another one after the backoff delay. */
  reconnect(cause: ConnectionProblemCause): void {
    if (!this.#running) {
      return;
    }
    this.#signalling?.abandon();
    this.#waitAndRetry(cause);
  }

  #open(): void {
    clearTimeout(this.#timer);
    if (this.#attempt > 0) {
      this.#report(null);
    }
    const resume = this.#resumeSecret;
    this.#signalling = this.#options.open(resume, (close) => this.#closed(close, resume));
  }

  #closed({ code, reason }: SocketClose, resume: string | undefined): void {
    if (!this.#running) {
      return;
    }
    const failure = finalCodes[code];
    const neverWelcomed = resume === this.#resumeSecret;
    if (failure === 'unauthorized' && resume !== undefined && neverWelcomed) {
      // The server doesn't know the secret, for example because it is a new process.
      this.#resumeSecret = undefined;
      this.#options.onResumeRejected();
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

  #waitAndRetry(cause: ConnectionProblemCause): void {
    clearTimeout(this.#timer);
    this.#heartbeat?.stop();
    this.#signalling = undefined;
    this.#cause = cause;
    const delay = retryDelay(this.#attempt, cause);
    this.#attempt += 1;
    this.#timer = setTimeout(() => this.#open(), delay);
    this.#report(Date.now() + delay);
  }

  #report(retryAt: ConnectionProblem['retryAt']): void {
    this.#options.onProblem({ cause: this.#cause, retryAt, serverGone: this.#serverGone });
  }
}

/**
 * Exponential backoff with jitter, so that the peers of a restarted server don't all reconnect at the same instant.
 *
 * @param attempt - how many attempts have failed in a row, from 0
 * @param random - from 0 to 1
 * @returns milliseconds, between a tenth and the whole of the doubled initial delay
 */
export function retryDelay(
  attempt: number,
  cause: ConnectionProblemCause,
  random = Math.random(),
): number {
  const initial = initialDelays[cause];
  const ceiling = Math.min(initial * 2 ** attempt, Math.max(maxDelay, initial));
  return Math.round(ceiling * (0.1 + 0.9 * random));
}
