import { EventEmitter } from 'node:events';
import { closeCodes } from '@oneport/protocol';
import type { Transport } from 'protoo-server';
import type { RawData, WebSocket } from 'ws';
import type { LimitName, Limits } from '../config/limits.ts';
import { RateLimit } from '../net/rate-limit.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import { parseFrame } from './frame.ts';

/** Milliseconds. */
const times = {
  /** Between pings; a socket that misses one is dead. */
  pingEvery: 15_000,
  /** That a peer has to answer a close frame. */
  closeWithin: 2_000,
};

/** A call with many tiles asks for layers often: this many seconds' messages may come at once. */
const burstSeconds = 6;

export interface SocketTransportOptions {
  limits: Pick<Limits, 'messages_per_second' | 'unsent_bytes'>;
  telemetry: Telemetry;
  /** Whose it is, for the log. */
  fields: Record<string, unknown>;
}

/**
 * protoo's Transport over `ws`, instead of protoo-server's own one, which is killed by a frame `null`,
 * closes with 4000 whatever the reason, and leaves requests waiting when the socket drops.
 */
export class SocketTransport extends EventEmitter implements Transport {
  readonly #socket: WebSocket;
  readonly #options: SocketTransportOptions;
  readonly #rate: RateLimit;
  /** Ids of our requests that have no answer yet. */
  readonly #unanswered = new Set<number>();
  readonly #pinging: NodeJS.Timeout;
  #alive = true;
  #closed = false;
  #endCode: number | undefined;

  /**
   * @param socket - open. Its `maxPayload` limits the size of messages
   * @param options - what it may do, and who hears when it tries more
   */
  constructor(socket: WebSocket, options: SocketTransportOptions) {
    super();
    this.#socket = socket;
    this.#options = options;
    const { messages_per_second: perSecond } = options.limits;
    this.#rate = new RateLimit(burstSeconds * perSecond, perSecond);
    this.#pinging = setInterval(() => this.#ping(), times.pingEvery);
    options.telemetry.emit('socketOpened');
    socket.on('message', (data, isBinary) => this.#receive(data, isBinary));
    socket.on('pong', () => {
      this.#alive = true;
    });
    socket.on('close', (code) => {
      options.telemetry.emit('socketClosed', code);
      this.#end(code);
    });
    // 'close' follows; without a listener the error would be an uncaught one.
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH') {
        this.limitHit('message_bytes');
      }
    });
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** With which code it was closed, by whichever side was first (RFC 6455, section 7.4). */
  get endCode(): number | undefined {
    return this.#endCode;
  }

  /**
   * @param code - see `closeCodes`
   * @param reason - for people; cut to what a close frame holds (RFC 6455: 123 bytes)
   */
  close(code: number = closeCodes.normal, reason = ''): void {
    if (this.#closed) {
      return;
    }
    this.#socket.close(code, Buffer.from(reason).subarray(0, 123));
    // Whoever doesn't answer the close frame has no claim to a socket.
    setTimeout(() => this.#socket.terminate(), times.closeWithin).unref();
    this.#end(code);
  }

  async send(message: object): Promise<void> {
    if (this.#closed) {
      throw new Error('socket closed');
    }
    if (this.#socket.bufferedAmount > this.#options.limits.unsent_bytes) {
      this.limitHit('unsent_bytes');
      this.close(closeCodes.tooSlow, 'not reading what is sent');
      throw new Error('socket too slow');
    }
    if ('request' in message && 'id' in message) {
      this.#unanswered.add(message.id as number);
    }
    this.#socket.send(JSON.stringify(message));
  }

  /** Tells that this socket's peer has tried more than it may. */
  limitHit(limit: LimitName): void {
    this.#options.telemetry.emit('limitHit', limit, this.#options.fields);
  }

  #receive(data: RawData, isBinary: boolean): void {
    if (this.#closed) {
      return;
    }
    if (!this.#rate.take()) {
      const { messages_per_second: perSecond } = this.#options.limits;
      this.limitHit('messages_per_second');
      this.close(closeCodes.tooMany, `more than ${perSecond} messages a second`);
      return;
    }
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

  #ping(): void {
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
    // protoo's Peer would leave them waiting for half a minute.
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
