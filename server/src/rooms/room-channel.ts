import type { ChatMessage, RoomData } from '@oneport/protocol';
import type { types } from 'mediasoup';

const historyLength = 100;

/** The newest chat messages of a room. They outlive the channel that carries them. */
export class ChatHistory {
  readonly #messages: ChatMessage[] = [];

  /** Oldest first. */
  get messages(): readonly ChatMessage[] {
    return this.#messages;
  }

  add(message: ChatMessage): void {
    this.#messages.push(message);
    if (this.#messages.length > historyLength) {
      this.#messages.shift();
    }
  }
}

/**
 * The data that the server sends to all participants of a segment: one ordered, reliable data producer, consumed by
 * each. With a data producer for each participant, N of them would need N^2 data consumers.
 */
export class RoomChannel {
  readonly #dataProducer: types.DataProducer;
  readonly #history: ChatHistory;
  /** The data consumers of participants that have joined. */
  readonly #opened = new WeakSet<types.DataConsumer>();

  private constructor(dataProducer: types.DataProducer, history: ChatHistory) {
    this.#dataProducer = dataProducer;
    this.#history = history;
  }

  static async create(router: types.Router, history: ChatHistory): Promise<RoomChannel> {
    const transport = await router.createDirectTransport();
    const dataProducer = await transport.produceData({ label: 'room', protocol: 'json' });
    return new RoomChannel(dataProducer, history);
  }

  /** Sends a chat message to all participants of the segment. */
  sendChat(message: ChatMessage): void {
    // The worker has died: the channel of their next segment sends the history.
    if (this.#dataProducer.closed) {
      return;
    }
    this.#dataProducer.send(JSON.stringify(message satisfies RoomData));
  }

  /**
   * Creates a data consumer that is paused until `open`. mediasoup drops messages until SCTP is connected too, so the
   * history is sent once more at that moment. Clients recognize duplicates by `messageId`.
   *
   * @param transport - with SCTP enabled
   */
  async consume(transport: types.WebRtcTransport): Promise<types.DataConsumer> {
    const dataConsumer = await transport.consumeData({
      dataProducerId: this.#dataProducer.id,
      ordered: true,
      paused: true,
    });
    const onState = (state: types.SctpState) => {
      if (state !== 'connected' || !this.#opened.has(dataConsumer)) {
        return;
      }
      // A peer can connect SCTP as often as it wants, but needs the history once.
      transport.off('sctpstatechange', onState);
      for (const message of this.#history.messages) {
        // Sending fails when the peer has left, or reads so slowly that its buffer is full.
        dataConsumer.send(JSON.stringify(message)).catch(() => dataConsumer.close());
      }
    };
    transport.on('sctpstatechange', onState);
    return dataConsumer;
  }

  /** The participant has joined: it receives all messages from now on. Does nothing the second time. */
  open(dataConsumer: types.DataConsumer): void {
    if (this.#opened.has(dataConsumer)) {
      return;
    }
    this.#opened.add(dataConsumer);
    // Fails when the transport has closed meanwhile.
    dataConsumer.resume().catch(() => dataConsumer.close());
  }
}
