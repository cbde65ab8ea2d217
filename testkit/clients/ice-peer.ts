import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { isIPv6 } from 'node:net';
import {
  type BindingRequestOptions,
  bindingRequest,
  type IceCredentials,
  isStun,
  responseResult,
  transactionId,
} from './stun.ts';

/** What was sent. */
export interface Sent {
  packets: number;
  /** Of those that are not STUN. */
  dataBytes: number;
}

/** For tests: a socket that does an ICE agent's part by UDP, without DTLS. */
export class IcePeer {
  /** Where it is counted: others may be given. */
  sent: Sent = { packets: 0, dataBytes: 0 };
  readonly #socket: Socket;
  /** Where the server listens. */
  readonly to: { ip: string; port: number };
  readonly #waiting = new Map<string, (result: 'success' | number) => void>();
  /** Every datagram that came, in order. */
  readonly received: Buffer[] = [];

  private constructor(socket: Socket, to: { ip: string; port: number }) {
    this.#socket = socket;
    this.to = to;
    socket.on('message', (message) => {
      this.received.push(message);
      if (!isStun(message)) {
        return;
      }
      this.#waiting.get(transactionId(message))?.(responseResult(message));
    });
  }

  /**
   * @param to - where the server listens
   * @param from - where to bind; port 0 or none: any
   */
  static async open(
    to: { ip: string; port: number },
    from: { ip?: string; port?: number } = {},
  ): Promise<IcePeer> {
    const socket = createSocket(isIPv6(to.ip) ? 'udp6' : 'udp4');
    socket.bind(from.port ?? 0, from.ip ?? to.ip);
    await once(socket, 'listening');
    return new IcePeer(socket, to);
  }

  get remote(): { address: string; port: number } {
    const { address, port } = this.#socket.address();
    return { address, port };
  }

  /**
   * Sends a Binding Request, again every half a second as RFC 8489, 6.2.1 has it, until it is answered.
   *
   * @param options - how it differs from a browser's
   * @returns what the response says
   * @throws when there is none to the thirtieth: after longer than a tuple of somebody else’s may stay in use
   */
  async check(ice: IceCredentials, options?: BindingRequestOptions): Promise<'success' | number> {
    const request = bindingRequest(ice, options);
    const id = transactionId(request);
    const answered = new Promise<'success' | number>((resolve) => this.#waiting.set(id, resolve));
    let timer: NodeJS.Timeout | undefined;
    const gaveUp = new Promise<never>((_, reject) => {
      let sent = 1;
      timer = setInterval(() => {
        if (sent++ === 30) {
          reject(new Error('no answer to a Binding Request'));
        }
        this.send(request);
      }, 500);
    });
    this.send(request);
    try {
      return await Promise.race([answered, gaveUp]);
    } finally {
      clearInterval(timer);
      this.#waiting.delete(id);
    }
  }

  send(bytes: Buffer): void {
    this.sent.packets += 1;
    if (!isStun(bytes)) {
      this.sent.dataBytes += bytes.length;
    }
    this.#socket.send(bytes, this.to.port, this.to.ip);
  }

  async close(): Promise<void> {
    await new Promise<void>((resolve) => this.#socket.close(resolve));
  }
}
