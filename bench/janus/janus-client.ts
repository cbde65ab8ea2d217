import { once } from 'node:events';
import { WebSocket } from 'ws';
import { janusPort } from './program.ts';

/** An SDP offer or answer in Janus' API. */
export interface Jsep {
  type: 'offer' | 'answer';
  sdp: string;
}

/** A message of Janus' API (janus.conf.meetecho.com/docs/rest.html). */
interface Message {
  janus: string;
  transaction?: string;
  error?: { reason: string };
  data?: { id: number };
  plugindata?: { data: Record<string, unknown> & { error?: string } };
  jsep?: Jsep;
}

/** The result of a request to a plugin. */
export interface Reply {
  data: Record<string, unknown>;
  jsep: Jsep | undefined;
}

/** One session of Janus' API over WebSocket. */
export class JanusClient implements Disposable {
  readonly #socket: WebSocket;
  readonly #waiting = new Map<
    string,
    { resolve(message: Message): void; reject(error: Error): void }
  >();
  #sessionId: number | undefined;
  #nextId = 1;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('message', (text) => this.#receive(JSON.parse(String(text))));
  }

  /** @throws Error when Janus does not listen (yet) */
  static async open(): Promise<JanusClient> {
    const socket = new WebSocket(`ws://127.0.0.1:${janusPort}`, 'janus-protocol');
    await once(socket, 'open');
    const client = new JanusClient(socket);
    client.#sessionId = (await client.#send({ janus: 'create' })).data?.id;
    return client;
  }

  /** @returns the id of a new handle of the VideoRoom plugin, which stands for one PeerConnection */
  async attach(): Promise<number> {
    const { data } = await this.#send({ janus: 'attach', plugin: 'janus.plugin.videoroom' });
    return data?.id ?? 0;
  }

  /** Sends a request to the plugin, and waits for its result. @throws Error with the plugin's reason */
  async request(handle: number, body: object, jsep?: Jsep): Promise<Reply> {
    const message = { janus: 'message', handle_id: handle, body, ...(jsep && { jsep }) };
    const { plugindata, jsep: answer } = await this.#send(message);
    const { data = {} } = plugindata ?? {};
    if (data.error !== undefined) {
      throw new Error(`Janus: ${data.error}`);
    }
    return { data, jsep: answer };
  }

  /** All candidates of the handle's peer are in its SDP. */
  async completeTrickle(handle: number): Promise<void> {
    const candidate = { completed: true };
    await this.#send({ janus: 'trickle', handle_id: handle, candidate }, 'ack');
  }

  [Symbol.dispose](): void {
    this.#socket.close();
  }

  #send(message: object, lastReply?: 'ack'): Promise<Message> {
    const transaction = `${lastReply ?? 'result'}-${this.#nextId++}`;
    const session = this.#sessionId === undefined ? {} : { session_id: this.#sessionId };
    this.#socket.send(JSON.stringify({ ...message, ...session, transaction }));
    return new Promise((resolve, reject) => this.#waiting.set(transaction, { resolve, reject }));
  }

  #receive(message: Message): void {
    const { janus, transaction = '', error } = message;
    // Janus acknowledges requests that it answers later.
    if (janus === 'ack' && !transaction.startsWith('ack')) {
      return;
    }
    const waiting = this.#waiting.get(transaction);
    this.#waiting.delete(transaction);
    if (error) {
      waiting?.reject(new Error(`Janus: ${error.reason}`));
    } else {
      waiting?.resolve(message);
    }
  }
}
