import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import {
  type NotificationData,
  type NotificationMethod,
  notifications,
  protocolVersion,
  type RequestData,
  type RequestMethod,
  type RequestReply,
  type ServerRequestData,
  type ServerRequestReply,
  type Source,
  serverRequests,
  type Welcome,
} from '@oneport/protocol';
import { WebSocket } from 'ws';
import { dtlsParameters, rtpCapabilities, rtpParametersFor } from './media-parameters.ts';

/** A rejected request. */
class TestRequestError extends Error {
  readonly code: number;

  constructor(code: number, reason: string) {
    super(reason);
    this.code = code;
  }
}

export interface TestPeerOptions {
  /** The signalling URL of a test server, without its query. */
  signalling: string;
  roomId?: string;
  peerId?: string;
  query?: Record<string, string>;
  /** One of this machine's addresses, to connect from. */
  localAddress?: string;
  headers?: Record<string, string>;
  /** Whether the server's certificate must be valid. Those of test servers are self-signed, so by default it need not. */
  verifyTls?: boolean;
  /** @returns the ids of the consumers to accept, by default all, or the whole reply */
  accept?(batch: ServerRequestData<'newConsumers'>): string[] | ServerRequestReply<'newConsumers'>;
}

interface Frame {
  direction: 'in' | 'out';
  message: {
    id?: number;
    method?: string;
    request?: true;
    response?: true;
    [key: string]: unknown;
  };
}

/** A peer that signals over a real WebSocket and keeps every message, but sends no media. */
export class TestPeer {
  readonly peerId: string;
  readonly socket: WebSocket;
  readonly options: TestPeerOptions;
  /** Every message in both directions, in order. */
  readonly frames: Frame[] = [];
  readonly batches: ServerRequestData<'newConsumers'>[] = [];
  readonly closed: Promise<{ code: number; reason: string }>;
  readonly #pending = new Map<
    number,
    { resolve(data: unknown): void; reject(error: Error): void }
  >();
  readonly #accept: NonNullable<TestPeerOptions['accept']>;
  #nextId = 1;

  constructor(options: TestPeerOptions) {
    const { signalling, roomId = 'room', peerId, query, localAddress, headers, accept } = options;
    const { verifyTls = false } = options;
    this.options = options;
    this.peerId = peerId ?? `peer-${randomUUID().slice(0, 8)}`;
    this.#accept = accept ?? (({ consumers }) => consumers.map(({ consumerId }) => consumerId));
    const search = new URLSearchParams({
      roomId,
      peerId: this.peerId,
      protocolVersion: String(protocolVersion),
      produce: '1',
      consume: '1',
      ...query,
    });
    this.socket = new WebSocket(`${signalling}?${search}`, 'protoo', {
      rejectUnauthorized: verifyTls,
      ...(localAddress && { localAddress }),
      ...(headers && { headers }),
    });
    this.socket.on('message', (data) => this.#receive(String(data)));
    this.closed = once(this.socket, 'close').then(([code, reason]) => {
      for (const { reject } of this.#pending.values()) {
        reject(new Error('socket closed'));
      }
      return { code, reason: String(reason) };
    });
  }

  /** Connects and joins. */
  static async join(options: TestPeerOptions): Promise<TestPeer> {
    const peer = new TestPeer(options);
    const { generation } = await peer.welcome();
    await peer.join(generation);
    return peer;
  }

  /** @param generation - by default, that of the first `welcome` on this socket */
  welcome(generation?: number): Promise<Welcome> {
    return this.notification(
      'welcome',
      (welcome) => welcome.generation === (generation ?? welcome.generation),
    );
  }

  /** All `welcome` messages on this socket. */
  get welcomes(): Welcome[] {
    return this.frames
      .filter(({ direction, message }) => direction === 'in' && message.method === 'welcome')
      .map(({ message }) => notifications.welcome.parse(message.data));
  }

  get displayName(): string {
    return `Name of ${this.peerId}`;
  }

  join(
    generation: number,
    change: Partial<RequestData<'join'>> = {},
  ): Promise<RequestReply<'join'>> {
    return this.request('join', {
      generation,
      displayName: this.displayName,
      device: { flag: 'bot', name: 'test' },
      rtpCapabilities,
      ...change,
    });
  }

  /** Opens another socket for the same peer, with the secret of its newest `welcome`. */
  resume(query: Record<string, string> = { keep: '1' }): TestPeer {
    const { resumeSecret } = this.welcomes.at(-1) ?? {};
    const { peerId, options } = this;
    if (!resumeSecret) {
      throw new Error('not welcomed yet');
    }
    return new TestPeer({
      ...options,
      peerId,
      query: { ...options.query, ...query, resume: resumeSecret },
    });
  }

  /** Terminates the socket without a close frame. */
  async drop(): Promise<void> {
    this.socket.terminate();
    await this.closed;
  }

  /** @returns the producer's id */
  async produce(source: Source, change: Partial<RequestData<'produce'>> = {}): Promise<string> {
    await this.welcome();
    const { sendTransport } = this.welcomes.at(-1) ?? {};
    const data = {
      transportId: sendTransport?.transportId ?? '',
      producerId: randomUUID(),
      source,
      ...rtpParametersFor(source),
      ...change,
    };
    await this.request('produce', data);
    return data.producerId;
  }

  /** Sends DTLS parameters for a transport, on which no DTLS packet will follow. */
  async connect(transportId: string): Promise<void> {
    await this.request('connectWebRtcTransport', { transportId, dtlsParameters });
  }

  request<M extends RequestMethod>(method: M, data: RequestData<M>): Promise<RequestReply<M>> {
    return this.rawRequest(method, data) as Promise<RequestReply<M>>;
  }

  /** Sends a request that need not be valid. */
  rawRequest(method: string, data: unknown): Promise<unknown> {
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject });
      this.send({ request: true, id, method, data });
    });
  }

  send(message: Frame['message']): void {
    this.frames.push({ direction: 'out', message });
    this.socket.send(JSON.stringify(message));
  }

  /** Resolves with the first notification of this method that matches, past or future. */
  async notification<M extends NotificationMethod>(
    method: M,
    matches: (data: NotificationData<M>) => boolean = () => true,
  ): Promise<NotificationData<M>> {
    for (;;) {
      for (const { direction, message } of this.frames) {
        if (direction === 'out' || message.method !== method) {
          continue;
        }
        const data = notifications[method].parse(message.data) as NotificationData<M>;
        if (matches(data)) {
          return data;
        }
      }
      await this.#more();
    }
  }

  /** Checks a condition at each message, until it is true. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      await this.#more();
    }
  }

  leave(): Promise<unknown> {
    this.socket.close(1000);
    return this.closed;
  }

  async #more(): Promise<void> {
    await Promise.race([
      once(this.socket, 'message'),
      this.closed.then(({ code, reason }) => {
        throw new Error(`socket closed: ${code} ${reason}`);
      }),
    ]);
  }

  #receive(text: string): void {
    const message = JSON.parse(text) as Frame['message'];
    this.frames.push({ direction: 'in', message });
    if (message.response) {
      this.#settle(message);
    } else if (message.request) {
      this.#answer(message);
    }
  }

  #settle({ id, ok, data, errorCode, errorReason }: Frame['message']): void {
    const pending = this.#pending.get(Number(id));
    this.#pending.delete(Number(id));
    if (ok) {
      pending?.resolve(data);
    } else {
      pending?.reject(new TestRequestError(Number(errorCode), String(errorReason)));
    }
  }

  #answer({ id, data }: Frame['message']): void {
    const batch = serverRequests.newConsumers.data.parse(data);
    this.batches.push(batch);
    const reply = this.#accept(batch);
    this.send({
      response: true,
      id: Number(id),
      ok: true,
      data: Array.isArray(reply) ? { accepted: reply } : reply,
    });
  }
}
