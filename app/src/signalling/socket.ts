/**
 * The transport of a protoo-client Peer, over the browser's WebSocket. The transport of protoo-client hides the close
 * code, retries one fixed URL by itself, and closes with 4000 in every case.
 */
import { closeCodes, signallingSubprotocol } from '@oneport/protocol';
import { parse } from 'protoo-client/lib/Message.js';
import type { PeerTransport } from 'protoo-client/lib/Peer.js';

/** RFC 6455's close code and reason: 1006 and '' if the connection was lost. */
export interface SocketClose {
  code: number;
  reason: string;
}

/** Milliseconds. */
const openTimeout = 10_000;

type Listener = (...args: never[]) => void;

export class Socket implements PeerTransport {
  readonly #socket: WebSocket;
  readonly #listeners = new Map<string, Set<Listener>>();
  #closed = false;

  /**
   * @param url - the whole signalling URL
   * @param onClose - called once if the socket closes by anything but `close()`
   */
  constructor(url: string, onClose: (close: SocketClose) => void) {
    this.#socket = new WebSocket(url, signallingSubprotocol);
    // Chromium keeps trying for minutes, even if the network that it started on is gone.
    const opening = setTimeout(() => this.#socket.close(), openTimeout);
    this.#socket.onopen = () => {
      clearTimeout(opening);
      this.#emit('open');
    };
    this.#socket.onmessage = ({ data }) => this.#receive(data);
    this.#socket.onclose = ({ code, reason }) => {
      clearTimeout(opening);
      if (this.#closed) {
        return;
      }
      this.#end();
      onClose({ code, reason });
    };
  }

  get closed(): boolean {
    return this.#closed;
  }

  on(event: string, listener: Listener): void {
    const listeners = this.#listeners.get(event) ?? new Set();
    this.#listeners.set(event, listeners.add(listener));
  }

  async send(message: object): Promise<void> {
    if (this.#closed || this.#socket.readyState !== WebSocket.OPEN) {
      throw new Error('the signalling connection is closed');
    }
    this.#socket.send(JSON.stringify(message));
  }

  /** @param code - `normal` to leave, `comingBack` to keep the session for the next socket */
  close(code: number = closeCodes.normal): void {
    if (this.#closed) {
      return;
    }
    this.#end();
    this.#socket.close(code);
  }

  #end(): void {
    this.#closed = true;
    this.#emit('close');
  }

  #receive(data: unknown): void {
    if (this.#closed || typeof data !== 'string') {
      return;
    }
    let message: object | undefined;
    try {
      message = parse(data);
    } catch (error) {
      // protoo's parser throws for a frame `null`.
      console.warn('signalling: invalid protoo frame', error);
    }
    if (message) {
      this.#emit('message', message);
    }
  }

  #emit(event: string, ...args: unknown[]): void {
    for (const listener of this.#listeners.get(event) ?? []) {
      (listener as (...args: unknown[]) => void)(...args);
    }
  }
}
