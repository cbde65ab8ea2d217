import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { isIPv6 } from 'node:net';
import type { types } from 'mediasoup';
import { connectStun, StunTransactions } from '../../server/src/stun/stun-check.ts';
import {
  type BindingResult,
  bindingRequest,
  bindingResult,
  type IceCredentials,
  isStun,
} from '../../server/src/stun/stun-message.ts';
import { type BindingRequestOptions, bindingRequestWith, type RequestCredentials } from './stun.ts';

/** RFC 8489, 6.2.1: a request without a response is sent again. */
const retransmitMs = 500;
/** A tuple of another transport may stay in use for 10 s (docs/single-port.md, SP-11.2). */
const patienceMs = 15_000;

/** Bytes that no WebRTC protocol begins with: a worker counts them and does nothing else. */
export const unknownData = Buffer.alloc(100, 0xff);

export interface Sent {
  packets: number;
  /** Without STUN. */
  dataBytes: number;
}

/** A UDP socket that acts as an ICE agent, without DTLS. */
export class IcePeer {
  /** Counts what this peer sends. Replaceable, to count it elsewhere. */
  sent: Sent = { packets: 0, dataBytes: 0 };
  /** The server's address. */
  readonly to: { ip: string; port: number };
  /** All datagrams received, in order. */
  readonly received: Buffer[] = [];
  readonly #socket: Socket;
  readonly #transactions = new StunTransactions((message) => this.send(message));

  protected constructor(socket: Socket, to: { ip: string; port: number }) {
    this.#socket = socket;
    this.to = to;
    socket.on('message', (message) => {
      this.received.push(message);
      if (isStun(message)) {
        this.#transactions.receive(message);
      } else {
        this.onData(message);
      }
    });
  }

  /** Called for each datagram that is not STUN. */
  protected onData(_message: Buffer): void {}

  /**
   * @param to - the server's address
   * @param from - the address to bind; port 0 or none: any
   */
  static async open(
    to: { ip: string; port: number },
    from: { ip?: string; port?: number } = {},
  ): Promise<IcePeer> {
    return new IcePeer(await IcePeer.bind(to, from), to);
  }

  protected static async bind(
    to: { ip: string },
    from: { ip?: string; port?: number } = {},
  ): Promise<Socket> {
    const socket = createSocket(isIPv6(to.ip) ? 'udp6' : 'udp4');
    socket.bind(from.port ?? 0, from.ip ?? to.ip);
    await once(socket, 'listening');
    return socket;
  }

  /** The peer's own address, which is the tuple's remote address for the server. */
  get remote(): { address: string; port: number } {
    const { address, port } = this.#socket.address();
    return { address, port };
  }

  get port(): number {
    return this.remote.port;
  }

  /**
   * Sends a Binding Request until it is answered.
   *
   * @param options - how it differs from a browser's
   * @throws Error when there is no response within `withinMs`
   */
  async check(
    ice: RequestCredentials,
    options?: BindingRequestOptions,
    withinMs = patienceMs,
  ): Promise<BindingResult> {
    const signal = AbortSignal.timeout(withinMs);
    const response = await this.#transactions
      .request(bindingRequestWith(ice, options), { signal, retransmitMs })
      .catch((cause) => {
        throw new Error('no response to a Binding Request', { cause });
      });
    return bindingResult(response);
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

interface Target {
  protocol: types.TransportProtocol;
  address: string;
  port: number;
}

/** A connection whose Binding Request was answered. It is closed by disposing of it. */
export interface IceChecked extends AsyncDisposable {
  /** The local end, as the socket knows it. */
  from: { address: string; port: number };
  to: Target;
  result: BindingResult;
}

/**
 * Sends one Binding Request that nominates the pair, over a new UDP socket or TCP connection.
 *
 * @param to - an address of the transport
 * @param ice - the transport's credentials
 * @throws when there is no response
 */
export async function checkIce(to: Target, ice: IceCredentials): Promise<IceChecked> {
  const { protocol, address: ip, port } = to;
  const signal = AbortSignal.timeout(patienceMs);
  const connection = await connectStun({ protocol, ip, port }, signal);
  const response = await connection.transactions.request(bindingRequest(ice), {
    signal,
    retransmitMs: protocol === 'udp' ? retransmitMs : undefined,
  });
  return {
    from: connection.from,
    to,
    result: bindingResult(response),
    [Symbol.asyncDispose]: () => connection[Symbol.asyncDispose](),
  };
}
