import { EventEmitter } from 'node:events';
import type { Duplex } from 'node:stream';
import { closeCodes } from '@oneport/protocol';
import type { Transport } from 'protoo-server';
import type { RawData, WebSocket } from 'ws';
import { z } from 'zod';
import type { LimitName, Limits } from '../config/limits.ts';
import { RateLimit } from '../net/rate-limit.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import type { CpuBudget } from './cpu-budget.ts';

/** Milliseconds between pings. A socket that doesn't answer one is terminated at the next. */
const pingIntervalMs = 15_000;

/** Milliseconds that the other side has to answer a close frame. */
const closeTimeoutMs = 2_000;

/** The messages of this many seconds may come at once: a call with many tiles requests layers in bursts. */
const burstSeconds = 6;

/** protoo's requests, responses and notifications (protoo.versatica.com), as a client may send them. */
const frameSchema = z.union([
  z.object({
    request: z.literal(true),
    id: z.int().min(0),
    method: z.string().min(1).max(64),
    data: z.unknown(),
  }),
  z.object({
    response: z.literal(true),
    id: z.int().min(0),
    ok: z.literal(true),
    data: z.unknown(),
  }),
  z.object({
    response: z.literal(true),
    id: z.int().min(0),
    ok: z.literal(false).optional(),
    errorCode: z.number().optional(),
    errorReason: z.string().max(1000).optional(),
  }),
  z.object({
    notification: z.literal(true),
    method: z.string().min(1).max(64),
    data: z.unknown(),
  }),
]);

/** Of `ws`: a message has too many bytes, or too many parts, each of which takes memory. */
const tooBigErrors: (string | undefined)[] = [
  'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH',
  'WS_ERR_TOO_MANY_BUFFERED_PARTS',
];

type Frame = z.infer<typeof frameSchema>;

export interface SocketTransportOptions {
  /** The connection below the WebSocket. */
  connection: Duplex;
  limits: Pick<Limits, 'messages_per_second' | 'unsent_bytes'>;
  cpu: CpuBudget;
  telemetry: Telemetry;
  /** Identifies the socket in the log. */
  fields: Record<string, unknown>;
}

/**
 * A protoo transport over `ws`. That of protoo-server crashes on a frame `null`, closes with 4000 whatever the
 * reason, and leaves requests pending when the socket drops.
 */
export class SocketTransport extends EventEmitter implements Transport {
  readonly #socket: WebSocket;
  readonly #options: SocketTransportOptions;
  readonly #rate: RateLimit;
  /** Ids of the server's requests that have no answer yet. */
  readonly #unanswered = new Set<number>();
  readonly #pinging: NodeJS.Timeout;
  #alive = true;
  #closed = false;
  #endCode: number | undefined;

  /**
   * @param socket - open. Its `maxPayload` limits the size of messages, and it leaves pings to this class
   */
  constructor(socket: WebSocket, options: SocketTransportOptions) {
    super();
    this.#socket = socket;
    this.#options = options;
    const { messages_per_second: perSecond } = options.limits;
    this.#rate = new RateLimit(burstSeconds * perSecond, perSecond);
    this.#pinging = setInterval(() => this.#ping(), pingIntervalMs);
    options.telemetry.emit('socketOpened');
    this.#limitCpu();
    socket.on('message', (data, isBinary) => {
      if (this.#count()) {
        this.#receive(data, isBinary);
      }
    });
    socket.on('ping', (data) => {
      if (this.#count()) {
        socket.pong(data);
      }
    });
    socket.on('pong', () => {
      this.#alive = true;
      this.#count();
    });
    socket.on('close', (code) => {
      options.telemetry.emit('socketClosed', code);
      this.#end(code);
    });
    // 'close' follows. Without a listener, Node would throw the error.
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (tooBigErrors.includes(error.code)) {
        this.limitHit('message_bytes');
      }
    });
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** The close code, of whichever side closed first (RFC 6455, section 7.4). */
  get endCode(): number | undefined {
    return this.#endCode;
  }

  /**
   * @param code - see `closeCodes`
   * @param reason - for people; cut to the 123 bytes that a close frame holds (RFC 6455, section 5.5)
   */
  close(code: number = closeCodes.normal, reason = ''): void {
    if (this.#closed) {
      return;
    }
    this.#socket.close(code, Buffer.from(reason).subarray(0, 123));
    setTimeout(() => this.#socket.terminate(), closeTimeoutMs).unref();
    this.#end(code);
  }

  async send(message: object): Promise<void> {
    if (this.#closed) {
      throw new Error('socket closed');
    }
    if (this.#isTooSlow()) {
      throw new Error('socket too slow');
    }
    if ('request' in message && 'id' in message) {
      this.#unanswered.add(message.id as number);
    }
    this.#socket.send(JSON.stringify(message));
  }

  /** Reports that this socket's client has reached a limit. */
  limitHit(limit: LimitName): void {
    this.#options.telemetry.emit('limitHit', limit, this.#options.fields);
  }

  /** Closes the socket if its client doesn't read what is sent. @returns whether it does so */
  #isTooSlow(): boolean {
    if (this.#socket.bufferedAmount <= this.#options.limits.unsent_bytes) {
      return false;
    }
    this.limitHit('unsent_bytes');
    this.close(closeCodes.tooSlow, 'not reading what is sent');
    return true;
  }

  /** Counts a message, a ping or a pong. @returns whether it may be handled */
  #count(): boolean {
    if (this.#closed) {
      return false;
    }
    if (this.#rate.take()) {
      return !this.#isTooSlow();
    }
    const { messages_per_second: perSecond } = this.#options.limits;
    this.limitHit('messages_per_second');
    this.close(closeCodes.tooMany, `more than ${perSecond} messages per second`);
    return false;
  }

  #receive(data: RawData, isBinary: boolean): void {
    const frame = isBinary ? undefined : parseFrame(data.toString());
    if (!frame) {
      this.close(closeCodes.badFrame, 'expected a protoo message as JSON text');
      return;
    }
    if ('response' in frame) {
      this.#unanswered.delete(frame.id);
    }
    this.emit('message', frame);
  }

  /**
   * Reads no more while the peer is beyond its CPU budget. All that is read is measured, because `ws` has no event for
   * fragments of messages, and a closed socket is too: it reads until the other side has closed.
   */
  #limitCpu(): void {
    const { connection, cpu } = this.#options;
    let stop = () => {};
    // `ws` has added its listener already, which handles all that is in a chunk before it returns.
    connection.prependListener('data', () => {
      stop = cpu.start();
    });
    connection.on('data', () => {
      stop();
      if (cpu.waitMs > 0) {
        this.#socket.pause();
        setTimeout(() => this.#readOn(), cpu.waitMs).unref();
      }
    });
  }

  #readOn(): void {
    const { waitMs } = this.#options.cpu;
    if (waitMs > 0) {
      setTimeout(() => this.#readOn(), waitMs).unref();
    } else {
      this.#socket.resume();
    }
  }

  #ping(): void {
    if (this.#socket.isPaused) {
      // Its answer to the last ping may have arrived.
      return;
    }
    if (!this.#alive) {
      this.#socket.terminate();
      return;
    }
    this.#alive = false;
    this.#socket.ping();
  }

  #end(code: number): void {
    if (this.#closed) {
      return;
    }
    this.#closed = true;
    this.#endCode = code;
    clearInterval(this.#pinging);
    // protoo's Peer would reject them only after 30 s.
    for (const id of this.#unanswered) {
      this.emit('message', {
        response: true,
        id,
        ok: false,
        errorCode: closeCodes.normal,
        errorReason: 'socket closed',
      });
    }
    this.emit('close');
  }
}

/** @returns undefined when the text isn't JSON, or not a protoo message */
function parseFrame(text: string): Frame | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  return frameSchema.safeParse(value).data;
}
