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

/** What it answers to each request of the server's. */
export type Answer = (offered: string[]) => object[];

export interface FuzzPeerOptions {
  /** Where signalling is, without its query. */
  signalling: string;
  /** Is told of each answer, such as `request produce: 400`. */
  count(what: string): void;
  query: string;
  answer?: Answer;
}

/** Close codes that say whose fault it was: all but 1011, `internal`. */
const { internal: internalCode, ...others } = closeCodes;
const allowedCodes = new Set<number>(Object.values(others));
const { internal: internalError, ...otherErrors } = errorCodes;
const allowedErrors = new Set<number>(Object.values(otherErrors));

export const takeAll: Answer = (accepted) => [{ ok: true, data: { accepted } }];

/** The fuzzer's end of a signalling socket: sends anything, and checks all that comes. */
export class FuzzPeer {
  readonly socket: WebSocket;
  readonly #closed: Promise<number>;
  readonly #answer: Answer;
  readonly #count: (what: string) => void;
  /** Those that have no answer yet. */
  readonly #asked = new Map<number, { method: string; frame: string }>();
  readonly #ids: Ids = {};
  readonly #answered = new Set<number>();
  /** What was wrong with something that came. */
  #wrong: unknown;
  #welcome: Welcome | undefined;
  #terminated = false;

  constructor({ signalling, query, count, answer = takeAll }: FuzzPeerOptions) {
    this.#count = count;
    this.#answer = answer;
    // Each from an address of its own, as peers come: what is limited for an address is another test's matter.
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

  /** Nothing happens when the socket is closed already. */
  send(frame: string | Buffer): void {
    if (!this.open) {
      return;
    }
    if (typeof frame === 'string') {
      this.#remember(frame);
    }
    this.socket.send(frame, { binary: typeof frame !== 'string' });
  }

  /** Sends a request and doesn't wait. @returns its id */
  request(method: string, data: unknown): number {
    // None of the small ones that the fuzzer uses.
    const id = randomInt(1_000_000_000, 2 ** 40);
    this.send(JSON.stringify({ request: true, id, method, data }));
    return id;
  }

  /** Waits until all that was sent has been dealt with: requests are worked off in order. */
  async dealtWith(): Promise<void> {
    const id = this.request('restartIce', { transportId: randomUUID() });
    await this.#until(() => this.#answered.has(id));
  }

  /** Ends it, and checks how it has ended. @throws at what no peer should ever be answered */
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
    this.#mustBeRight();
  }

  async #until(condition: () => boolean): Promise<void> {
    await eventually(() => {
      this.#mustBeRight();
      assert(condition() || this.socket.readyState >= WebSocket.CLOSING, 'no answer to the fuzzer');
    });
  }

  #receive(message: Message): void {
    if (message.response) {
      const { id = -1, ok, errorCode = 0, errorReason } = message;
      this.#answered.add(id);
      const { method = 'of no protocol', frame } = this.#asked.get(id) ?? {};
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
      this.#asked.set(Number(id), { method: method in requests ? method : 'of no method', frame });
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
      this.#wrong ??= error;
    }
  }

  #mustBeRight(): void {
    if (this.#wrong) {
      throw this.#wrong;
    }
  }
}
