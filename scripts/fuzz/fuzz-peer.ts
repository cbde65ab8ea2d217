import assert from 'node:assert/strict';
import { randomInt, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import {
  closeCodes,
  errorCodes,
  notifications,
  requests,
  serverRequests,
  type Welcome,
} from '@oneport/protocol';
import { WebSocket } from 'ws';
import { eventually } from '../../testkit/system/eventually.ts';
import type { Ids } from './values/ids.ts';

interface Message {
  id?: number;
  method?: string;
  request?: true;
  response?: true;
  ok?: boolean;
  data?: unknown;
  errorCode?: number;
  errorReason?: string;
}

/** The responses to a `newConsumers` request, by the offered consumer ids. */
export type Answer = (offered: string[]) => object[];

export interface FuzzPeerOptions {
  /** The URL of signalling, without its query. */
  signalling: string;
  /** Called with each outcome, such as `request produce: 400`. */
  count(what: string): void;
  query: string;
  answer?: Answer;
}

/** All codes except `internal`, which means a bug of the server. */
const { internal: internalCode, ...others } = closeCodes;
const allowedCodes = new Set<number>(Object.values(others));
const { internal: internalError, ...otherErrors } = errorCodes;
const allowedErrors = new Set<number>(Object.values(otherErrors));

export const takeAll: Answer = (accepted) => [{ ok: true, data: { accepted } }];

/** A signalling client that sends anything, and checks everything that it receives. */
export class FuzzPeer {
  readonly socket: WebSocket;
  readonly #closed: Promise<number>;
  readonly #answer: Answer;
  readonly #count: (what: string) => void;
  /** Requests without a response, by id. */
  readonly #asked = new Map<number, { method: string; frame: string }>();
  readonly #ids: Ids = {};
  readonly #answered = new Set<number>();
  /** The first error in what was received. */
  #error: unknown;
  #welcome: Welcome | undefined;
  #terminated = false;

  constructor({ signalling, query, count, answer = takeAll }: FuzzPeerOptions) {
    this.#count = count;
    this.#answer = answer;
    // An address of its own, because limits per address have tests of their own.
    const localAddress = `127.${randomInt(1, 255)}.${randomInt(1, 255)}.${randomInt(1, 255)}`;
    this.socket = new WebSocket(`${signalling}?${query}`, 'protoo', { localAddress });
    this.#closed = once(this.socket, 'close').then(([code]) => code as number);
    this.socket.on('error', (error) => this.#keep(error));
    this.socket.on('message', (data) => {
      try {
        this.#receive(JSON.parse(String(data)) as Message);
      } catch (error) {
        this.#keep(error);
      }
    });
  }

  get ids(): Ids {
    return this.#ids;
  }

  get open(): boolean {
    return this.socket.readyState === WebSocket.OPEN;
  }

  /** @returns undefined when the server has closed the socket instead */
  async welcome(): Promise<Welcome | undefined> {
    await this.#until(() => this.#welcome !== undefined);
    return this.#welcome;
  }

  /** Does nothing when the socket is closed. */
  send(frame: string | Buffer): void {
    if (!this.open) {
      return;
    }
    if (typeof frame === 'string') {
      this.#remember(frame);
    }
    this.socket.send(frame, { binary: typeof frame !== 'string' });
  }

  /** Sends a request without waiting for the response. @returns its id */
  request(method: string, data: unknown): number {
    // Above the ids in generated frames.
    const id = randomInt(1_000_000_000, 2 ** 40);
    this.send(JSON.stringify({ request: true, id, method, data }));
    return id;
  }

  /** Waits until the server has processed everything that was sent: it processes requests in order. */
  async processed(): Promise<void> {
    const id = this.request('restartIce', { transportId: randomUUID() });
    await this.#until(() => this.#answered.has(id));
  }

  /** Closes the socket and checks the close code. @throws AssertionError when the server did something wrong */
  async end(how: 'polite' | 'abrupt'): Promise<void> {
    if (how === 'abrupt') {
      this.#terminated = true;
      this.socket.terminate();
    } else {
      this.socket.close(closeCodes.normal);
    }
    const code = await this.#closed;
    this.#count(`socket: ${how === 'abrupt' ? 'dropped' : code}`);
    if (!this.#terminated) {
      assert(allowedCodes.has(code), `the socket was closed with ${code}`);
    }
    this.#throwError();
  }

  async #until(condition: () => boolean): Promise<void> {
    await eventually(() => {
      this.#throwError();
      assert(
        condition() || this.socket.readyState >= WebSocket.CLOSING,
        'no response to the fuzzer',
      );
    });
  }

  #receive(message: Message): void {
    if (message.response) {
      const { id = -1, ok, errorCode = 0, errorReason } = message;
      this.#answered.add(id);
      const { method = 'unknown', frame } = this.#asked.get(id) ?? {};
      this.#asked.delete(id);
      this.#count(`request ${method}: ${ok ? 'done' : errorCode}`);
      if (ok) {
        return;
      }
      assert(allowedErrors.has(errorCode), `answered ${errorCode} ${errorReason}: ${frame}`);
    } else if (message.request) {
      assert.equal(message.method, 'newConsumers');
      const { consumers } = serverRequests.newConsumers.data.parse(message.data);
      const [first] = consumers;
      if (first) {
        Object.assign(this.#ids, { consumer: first.consumerId, othersProducer: first.producerId });
      }
      const offered = consumers.map(({ consumerId }) => consumerId);
      for (const answer of this.#answer(offered)) {
        this.send(JSON.stringify({ response: true, id: message.id, ...answer }));
      }
    } else {
      const method = message.method as keyof typeof notifications;
      const data = notifications[method].parse(message.data);
      if (method === 'welcome') {
        this.#enter(data as Welcome);
      }
    }
  }

  #remember(frame: string): void {
    const [, id, method] =
      /^{"request":true,"id":(\d+),"method":"([a-zA-Z]{1,30})",/.exec(frame) ?? [];
    if (method !== undefined) {
      this.#asked.set(Number(id), { method: method in requests ? method : 'unknown', frame });
    }
  }

  #enter(welcome: Welcome): void {
    this.#welcome = welcome;
    this.#ids.sendTransport = welcome.sendTransport?.transportId ?? randomUUID();
    this.#ids.recvTransport = welcome.recvTransport?.transportId ?? randomUUID();
    this.#ids.producer = randomUUID();
  }

  #keep(error: unknown): void {
    if (!this.#terminated) {
      this.#error ??= error;
    }
  }

  #throwError(): void {
    if (this.#error) {
      throw this.#error;
    }
  }
}
