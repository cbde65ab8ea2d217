import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';

/**
 * Stands at an address or port of its own between browsers and a server's port, passes on what comes, and keeps what
 * came from the browsers: a capture that needs neither privileges nor tcpdump, and a port mapping as NAT has them.
 * The server announces where the tap is.
 */
export class UdpTap {
  static readonly address = '127.0.0.2';
  /** What browsers have sent, as it came. */
  readonly captured: Buffer[] = [];
  readonly #socket: Socket;
  readonly #port: number;
  /** One socket for each browser's, by its port, so that the server can tell them apart. */
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
   * @param outside - the tap's: by default, the same port at another address
   */
  static async open(port: number, outside = { address: UdpTap.address, port }): Promise<UdpTap> {
    const socket = createSocket('udp4').bind(outside.port, outside.address);
    await once(socket, 'listening');
    return new UdpTap(socket, port);
  }

  /** Sends something as if each browser had sent it. @returns how many there are */
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
    socket.on('message', (message) => this.#socket.send(message, clientPort, '127.0.0.1'));
    return socket;
  }
}
