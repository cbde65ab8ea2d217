import type { ChatMessage, RoomData } from '@oneport/protocol';
import type { types } from 'mediasoup';
import type { Transport } from '../ports/types.ts';
import type { ChatHistory } from './chat-history.ts';

/**
 * What the server tells everybody in a room: one ordered, reliable data producer, consumed by each
 * peer. (A data producer for each peer would be N^2 data consumers.)
 */
export class RoomChannel {
  readonly #dataProducer: types.DataProducer;
  readonly #history: ChatHistory;

  private constructor(dataProducer: types.DataProducer, history: ChatHistory) {
    this.#dataProducer = dataProducer;
    this.#history = history;
  }

  /**
   * @param router - the room's
   * @param history - what was said before, and will be
   */
  static async create(router: types.Router, history: ChatHistory): Promise<RoomChannel> {
    const transport = await router.createDirectTransport();
    const dataProducer = await transport.produceData({ label: 'room', protocol: 'json' });
    return new RoomChannel(dataProducer, history);
  }

  /** Sends a chat message to everybody, its sender included. */
  sendChat(message: ChatMessage): void {
    this.#history.add(message);
    // Between two workers there is nobody to send it to: the history is sent to all by the next one.
    if (this.#dataProducer.closed) {
      return;
    }
    this.#dataProducer.send(JSON.stringify(message satisfies RoomData));
  }

  /**
   * Joins a receiving transport to the channel.
   *
   * mediasoup drops what is sent before SCTP is connected, so the history is sent then once more: a
   * peer knows by `messageId` what it has already.
   *
   * @param transport - with SCTP
   */
  async consume(transport: Transport): Promise<types.DataConsumer> {
    const dataConsumer = await transport.consumeData({
      dataProducerId: this.#dataProducer.id,
      ordered: true,
    });
    transport.on('sctpstatechange', (state) => {
      if (state !== 'connected') {
        return;
      }
      for (const message of this.#history.messages) {
        // It fails only when the peer is gone, or reads so slowly that its buffer is full.
        dataConsumer.send(JSON.stringify(message)).catch(() => dataConsumer.close());
      }
    });
    return dataConsumer;
  }
}
