import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import {
  emptyMessage,
  magicCookie,
  readAttributes,
  type StunAttribute,
  stunAttributes,
  stunHeaderBytes,
  withAttribute,
  withIntegrity,
} from '../../server/src/stun/stun-message.ts';

/** Request types and attributes of TURN (RFC 8656, 17 and 18). */
const types = { allocate: 0x0003, createPermission: 0x0008 };
const attributes = { xorPeerAddress: 0x0012, realm: 0x0014, nonce: 0x0015, transport: 0x0019 };

/** Protocol numbers (IANA). To relay TCP is RFC 6062. */
const protocols = { tcp: 6, udp: 17 };

/** `success`, or the code of an error response, such as 403. */
export type TurnResult = 'success' | number;

/** A TURN client over one TCP connection to 127.0.0.1, for what a TURN server must refuse. */
export class TurnClient {
  readonly #socket: Socket;
  readonly #credentials: { username: string; credential: string };
  /** REALM and NONCE, as the server last sent them. */
  #challenge: StunAttribute[] = [];

  /** @throws Error when the port is closed */
  static async connect(
    port: number,
    credentials: { username: string; credential: string },
  ): Promise<TurnClient> {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    return new TurnClient(socket, credentials);
  }

  private constructor(socket: Socket, credentials: { username: string; credential: string }) {
    this.#socket = socket;
    this.#credentials = credentials;
  }

  /** Asks for an address that relays a protocol. */
  allocate(protocol: keyof typeof protocols): Promise<TurnResult> {
    return this.#request(types.allocate, attributes.transport, () =>
      Buffer.from([protocols[protocol], 0, 0, 0]),
    );
  }

  /** Asks to exchange packets with an address. @param ip - IPv4 */
  permit(ip: string): Promise<TurnResult> {
    return this.#request(types.createPermission, attributes.xorPeerAddress, () => {
      const value = Buffer.alloc(8);
      value.writeUInt8(1, 1);
      value.writeUInt32BE(
        (Buffer.from(ip.split('.').map(Number)).readUInt32BE() ^ magicCookie) >>> 0,
        4,
      );
      return value;
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  async #request(type: number, attribute: number, value: () => Buffer): Promise<TurnResult> {
    for (let attempt = 1; ; attempt++) {
      const response = await this.#exchange(
        this.#signed(withAttribute(emptyMessage(type), attribute, value())),
      );
      const found = readAttributes(response) ?? [];
      // Of the message's type, two bits are the class (RFC 8489, 5).
      if ((response.readUInt16BE(0) & 0x0110) === 0x0100) {
        return 'success';
      }
      const error = found.find((one) => one.type === stunAttributes.errorCode)?.value;
      const code = error ? error.readUInt8(2) * 100 + error.readUInt8(3) : 0;
      const challenge = found.filter(
        (one) => one.type === attributes.realm || one.type === attributes.nonce,
      );
      // The first request gets a challenge, and a nonce may have become stale.
      if (attempt > 1 || challenge.length < 2) {
        return code;
      }
      this.#challenge = challenge;
    }
  }

  /** With long-term credentials (RFC 8489, 9.2), once the server has sent its challenge. */
  #signed(request: Buffer): Buffer {
    if (this.#challenge.length === 0) {
      return request;
    }
    const { username, credential } = this.#credentials;
    const realm = this.#challenge.find(({ type }) => type === attributes.realm)?.value;
    const key = createHash('md5').update(`${username}:${realm}:${credential}`).digest();
    const message = this.#challenge.reduce(
      (before, { type, value }) => withAttribute(before, type, value),
      withAttribute(request, stunAttributes.username, username),
    );
    return withIntegrity(message, key);
  }

  async #exchange(message: Buffer): Promise<Buffer> {
    this.#socket.write(message);
    let received = Buffer.alloc(0);
    while (
      received.length < stunHeaderBytes ||
      received.length < stunHeaderBytes + received.readUInt16BE(2)
    ) {
      const [data] = await once(this.#socket, 'data');
      received = Buffer.concat([received, data]);
    }
    return received;
  }
}
