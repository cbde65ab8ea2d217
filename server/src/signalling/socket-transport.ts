import { EventEmitter } from 'node:events';
import { closeCodes } from '@oneport/protocol';
import type { Transport } from 'protoo-server';
import type { RawData, WebSocket } from 'ws';
import { parseFrame } from './frame.ts';
import { RateLimit } from './rate-limit.ts';

/** What one socket may do before it is closed. */
export const socketLimits = {
  /** Bytes of one message. The largest real one, a join with all codecs, has about 10,000. */
  messageBytes: 128 * 1024,
  /** A call with many tiles asks for layers often; a flood is another order of magnitude. */
  burst: 300,
  perSecond: 50,
  /** Bytes waiting because the peer doesn't read. */
  unsentBytes: 4 * 1024 * 1024,
  /** Milliseconds between pings; a socket that misses one is dead. */
  pingEveryMs: 15_000,
  /** Milliseconds that a peer has to answer a close frame. */
  closeWithinMs: 2_000,
};

/**
 * protoo's Transport over `ws`, instead of protoo-server's own one, which is killed by a frame `null`,
 * closes with 4000 whatever the reason, and leaves requests waiting when the socket drops.
 */
export class SocketTransport extends EventEmitter implements Transport {
  readonly #socket: WebSocket;
  readonly #rate = new RateLimit(socketLimits.burst, socketLimits.perSecond);
  /** Ids of our requests that have no answer yet. */
  readonly #unanswered = new Set<number>();
  readonly #pinging: NodeJS.Timeout;
  #alive = true;
  #closed = false;
  #endCode: number | undefined;

  constructor(socket: WebSocket) {
    super();
    this.#socket = socket;
    this.#pinging = setInterval(() => this.#ping(), socketLimits.pingEveryMs);
    socket.on('message', (data, isBinary) => this.#receive(data, isBinary));
    socket.on('pong', () => {
      this.#alive = true;
    });
    socket.on('close', (code) => this.#end(code));
    // 'close' follows; without a listener the error would be an uncaught one.
    socket.on('error', () => {});
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
    if (this.#closed) return;
    this.#socket.close(code, Buffer.from(reason).subarray(0, 123));
    // Whoever doesn't answer the close frame has no claim to a socket.
    setTimeout(() => this.#socket.terminate(), socketLimits.closeWithinMs).unref();
    this.#end(code);
  }

  async send(message: object): Promise<void> {
    if (this.#closed) throw new Error('socket closed');
    if (this.#socket.bufferedAmount > socketLimits.unsentBytes) {
      this.close(closeCodes.tooSlow, 'not reading what is sent');
      throw new Error('socket too slow');
    }
    if ('request' in message && 'id' in message) this.#unanswered.add(message.id as number);
    this.#socket.send(JSON.stringify(message));
  }

  #receive(data: RawData, isBinary: boolean): void {
    if (this.#closed) return;
    if (!this.#rate.take()) {
      this.close(closeCodes.tooMany, `more than ${socketLimits.perSecond} messages a second`);
      return;
    }
    const frame = isBinary ? undefined : parseFrame(data.toString());
    if (!frame) {
      this.close(closeCodes.badFrame, 'expected a protoo message as JSON text');
      return;
    }
    if ('response' in frame) this.#unanswered.delete(frame.id);
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
    if (this.#closed) return;
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
