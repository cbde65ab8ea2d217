import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';

/**
 * Relays UDP between browsers and a server's port from an address or port of its own, which the server
 * announces, and keeps what the browsers send: a capture without privileges, and a port mapping as of NAT.
 */
export class UdpTap {
  static readonly address = '127.0.0.2';
  /** All datagrams from browsers. */
  readonly captured: Buffer[] = [];
  /** Which of the server's datagrams reach their browser: by default all. */
  passesBack: (message: Buffer) => boolean = () => true;
  readonly #socket: Socket;
  readonly #port: number;
  /** One socket for each socket of a browser, by its port, so that the server can tell them apart. */
  readonly #onward = new Map<number, Promise<Socket>>();

  private constructor(socket: Socket, port: number) {
    this.#socket = socket;
    this.#port = port;
    socket.on('message', async (message, from) => {
      this.captured.push(message);
      const onward = this.#onward.get(from.port) ?? this.#open(from.port);
      this.#onward.set(from.port, onward);
      (await onward).send(message, port, '127.0.0.1');
    });
  }

  /**
   * @param port - the server's, at 127.0.0.1
   * @param outside - the tap's address, by default the same port at UdpTap.address
   */
  static async open(port: number, outside = { address: UdpTap.address, port }): Promise<UdpTap> {
    const socket = createSocket('udp4').bind(outside.port, outside.address);
    await once(socket, 'listening');
    return new UdpTap(socket, port);
  }

  /** Sends a datagram as if each browser socket had sent it. @returns the number of browser sockets */
  async forge(bytes: Buffer): Promise<number> {
    const sockets = await Promise.all(this.#onward.values());
    for (const socket of sockets) {
      socket.send(bytes, this.#port, '127.0.0.1');
    }
    return sockets.length;
  }

  async close(): Promise<void> {
    this.#socket.close();
    for (const socket of await Promise.all(this.#onward.values())) {
      socket.close();
    }
  }

  async #open(clientPort: number): Promise<Socket> {
    const socket = createSocket('udp4').bind(0, '127.0.0.1');
    await once(socket, 'listening');
    socket.on('message', (message) => {
      if (this.passesBack(message)) {
        this.#socket.send(message, clientPort, '127.0.0.1');
      }
    });
    return socket;
  }
}

/**
 * A UdpTap in a thread of its own, for tests that keep their event loop busy, which would delay the media
 * that passes through.
 */
export class UdpTapThread {
  readonly #thread: Worker;

  private constructor(thread: Worker) {
    this.#thread = thread;
  }

  /** @param port - the server's, at 127.0.0.1 */
  static async open(port: number): Promise<UdpTapThread> {
    const thread = new Worker(new URL(import.meta.url), { workerData: port });
    await once(thread, 'message');
    return new UdpTapThread(thread);
  }

  /** Sends a datagram as if each browser socket had sent it. */
  forge(bytes: Buffer): void {
    this.#thread.postMessage(bytes);
  }

  async close(): Promise<void> {
    await this.#thread.terminate();
  }
}

// Runs in the thread of UdpTapThread.open().
if (!isMainThread && typeof workerData === 'number') {
  const tap = await UdpTap.open(workerData);
  parentPort?.on('message', (bytes: Uint8Array) => void tap.forge(Buffer.from(bytes)));
  parentPort?.postMessage('open');
}
