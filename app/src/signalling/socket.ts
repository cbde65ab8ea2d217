/**
 * The transport below a protoo-client Peer, over the browser's WebSocket. protoo-client's own hides
 * the close code, retries to one fixed URL by itself, and takes 4000 for every ending.
 */
import { closeCodes, signallingSubprotocol } from '@oneport/protocol';
import { parse } from 'protoo-client/lib/Message.js';
import type { PeerTransport } from 'protoo-client/lib/Peer.js';

/** How a socket ended: RFC 6455's code and reason (1006 and '' if it was just gone). */
export interface SocketEnd {
  code: number;
  reason: string;
}

/** Milliseconds. */
const openWithin = 10_000;

type Listener = (...args: never[]) => void;

export class Socket implements PeerTransport {
  readonly #socket: WebSocket;
  readonly #listeners = new Map<string, Set<Listener>>();
  #closed = false;

  /**
   * @param url - with the whole query of the signalling URL
   * @param onEnd - called once if the socket ends without our having closed it
   */
  constructor(url: string, onEnd: (end: SocketEnd) => void) {
    this.#socket = new WebSocket(url, signallingSubprotocol);
    // Chromium goes on trying for minutes, though the network that it began with may be gone.
    const opening = setTimeout(() => this.#socket.close(), openWithin);
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
      onEnd({ code, reason });
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

  /** @param code - `normal` to leave, `comingBack` to keep our place for the next socket */
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
      // protoo's parser reads fields of `null`.
      console.warn('signalling: a frame that is not protoo', error);
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
