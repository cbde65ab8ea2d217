import type { types } from 'mediasoup';

const opus = { mimeType: 'audio/opus', clockRate: 48_000, channels: 2 };
const headerBytes = 12;

/** Audio of packets of any length, published over a DirectTransport: no network, no encryption, nothing to depacketize. */
export class DirectAudio {
  readonly router: types.Router;
  readonly producer: types.Producer;
  #sequence = 0;

  /** @param worker - gets a router */
  static async publish(worker: types.Worker): Promise<DirectAudio> {
    const router = await worker.createRouter({ mediaCodecs: [{ kind: 'audio', ...opus }] });
    const transport = await router.createDirectTransport();
    const producer = await transport.produce({
      kind: 'audio',
      rtpParameters: {
        mid: 'audio',
        codecs: [{ ...opus, payloadType: 100 }],
        encodings: [{ ssrc: 1_000 }],
      },
    });
    return new DirectAudio(router, producer);
  }

  private constructor(router: types.Router, producer: types.Producer) {
    this.router = router;
    this.producer = producer;
  }

  /** Lets a transport of the router receive the audio, or that of another producer, without header extensions. */
  async sendTo(transport: types.Transport, producer = this.producer): Promise<types.Consumer> {
    const codecs = this.router.rtpCapabilities.codecs ?? [];
    return await transport.consume({
      producerId: producer.id,
      rtpCapabilities: { codecs, headerExtensions: [] },
    });
  }

  /** @param bytes - of the payload, which has the sequence number (4 bytes) and then zeros */
  send(bytes: number): void {
    const packet = Buffer.alloc(headerBytes + bytes);
    packet.writeUInt16BE(0x8064, 0);
    packet.writeUInt16BE(this.#sequence & 0xffff, 2);
    packet.writeUInt32BE((this.#sequence * 960) >>> 0, 4);
    packet.writeUInt32BE(1_000, 8);
    packet.writeUInt32BE(this.#sequence, headerBytes);
    this.producer.send(packet);
    this.#sequence += 1;
  }
}
