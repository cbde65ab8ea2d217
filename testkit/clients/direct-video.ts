import type { types } from 'mediasoup';

interface Codec {
  mimeType: string;
  clockRate: number;
  rtcpFeedback: types.RtcpFeedback[];
}

const vp8: Codec = {
  mimeType: 'video/VP8',
  clockRate: 90_000,
  rtcpFeedback: [{ type: 'nack', parameter: 'pli' }],
};

/** Also requests lost packets, which are resent as RTX (RFC 4588). */
const vp8WithNack: Codec = { ...vp8, rtcpFeedback: [...vp8.rtcpFeedback, { type: 'nack' }] };

const ssrcs = [1_000, 2_000];

/** How a VP8 packet's payload descriptor names the temporal layer (RFC 7741, 4.2). */
export interface Vp8Packet {
  keyFrame?: boolean;
  /** undefined: not at all, as of an encoder without temporal layers. */
  temporalLayer?: number;
  /** How many sequence numbers are left out before it. */
  gap?: number;
  /** 0 is the lower one. */
  encoding?: 0 | 1;
  /** How far its RTP timestamp is from that of the packet before, in 1/90,000 s; default: a 30th of a second. */
  elapsed?: number;
  /** The size of the packet; default: as small as possible, some 20. */
  bytes?: number;
}

/** A simulcast video of VP8 with three temporal layers, published over a DirectTransport: no network, no encryption. */
export class DirectVideo<AppData extends types.AppData = types.AppData> {
  readonly producer: types.Producer<AppData>;
  readonly #transport: types.DirectTransport;
  readonly #consuming: types.DirectTransport;
  readonly #capabilities: types.RtpCapabilities;
  /** Of each encoding. */
  readonly #sequence = [0, 0];
  readonly #timestamp = [0, 0];
  #picture = 0;

  /**
   * @param worker - gets a router
   * @param nack - whether the worker requests lost packets, and resends those that receivers request
   */
  static async publish(worker: types.Worker, { nack = false } = {}): Promise<DirectVideo> {
    const codec = nack ? vp8WithNack : vp8;
    const router = await worker.createRouter({ mediaCodecs: [{ kind: 'video', ...codec }] });
    return DirectVideo.publishOn(router, {}, codec);
  }

  /** @param router - with VP8 */
  static async publishOn<AppData extends types.AppData>(
    router: types.Router,
    appData: AppData,
    codec = vp8,
  ): Promise<DirectVideo<AppData>> {
    const transport = await router.createDirectTransport();
    const producer = await transport.produce({
      kind: 'video',
      rtpParameters: {
        mid: 'video',
        codecs: [{ ...codec, payloadType: 96 }],
        encodings: ssrcs.map((ssrc) => ({ ssrc, scalabilityMode: 'L1T3' })),
      },
      appData,
    });
    const consuming = await router.createDirectTransport();
    return new DirectVideo(producer, transport, consuming, capabilitiesOf(router, codec));
  }

  /** A receiver at another router, over a DirectTransport of its own. */
  static async consumeOn(router: types.Router, producerId: string): Promise<types.Consumer> {
    const transport = await router.createDirectTransport();
    return await transport.consume({ producerId, rtpCapabilities: capabilitiesOf(router) });
  }

  private constructor(
    producer: types.Producer<AppData>,
    transport: types.DirectTransport,
    consuming: types.DirectTransport,
    capabilities: types.RtpCapabilities,
  ) {
    this.producer = producer;
    this.#transport = transport;
    this.#consuming = consuming;
    this.#capabilities = capabilities;
  }

  /** A receiver, over a DirectTransport that all receivers share. */
  consume(): Promise<types.Consumer> {
    const { producer } = this;
    return this.#consuming.consume({
      producerId: producer.id,
      rtpCapabilities: this.#capabilities,
    });
  }

  /** Calls back for each Picture Loss Indication that the worker sends to the publisher (RFC 4585, 6.3.1). */
  onPli(listener: () => void): void {
    this.#onFeedback(206, listener);
  }

  /** Calls back for each Generic NACK that the worker sends to the publisher (RFC 4585, 6.2.1). */
  onNack(listener: () => void): void {
    this.#onFeedback(205, listener);
  }

  /** Sends RTCP as a receiver. */
  sendRtcp(packet: Buffer): void {
    this.#consuming.sendRtcp(packet);
  }

  /** Requests a key frame as a receiver. */
  requestKeyFrame({ rtpParameters }: types.Consumer): void {
    const pli = Buffer.from('81ce0002' + '00000001' + '00000000', 'hex');
    pli.writeUInt32BE(rtpParameters.encodings?.[0]?.ssrc ?? 0, 8);
    this.#consuming.sendRtcp(pli);
  }

  send({
    keyFrame = false,
    temporalLayer,
    gap = 0,
    encoding = 0,
    bytes = 0,
    elapsed = 3_000 * (1 + gap),
  }: Vp8Packet): void {
    const sequence = (this.#sequence[encoding] ?? 0) + 1 + gap;
    const timestamp = (this.#timestamp[encoding] ?? 0) + elapsed;
    this.#sequence[encoding] = sequence;
    this.#timestamp[encoding] = timestamp;
    this.#picture += 1;
    const header = Buffer.alloc(12);
    header.writeUInt16BE(0x80e0, 0);
    header.writeUInt16BE(sequence & 0xffff, 2);
    header.writeUInt32BE(timestamp >>> 0, 4);
    header.writeUInt32BE(ssrcs[encoding] ?? 0, 8);
    // X and S; I, L and perhaps T; a picture id of two bytes; TL0PICIDX; TID with Y.
    const layered = temporalLayer !== undefined;
    const descriptor = Buffer.from([0x90, layered ? 0xe0 : 0xc0, 0, 0, 1]);
    descriptor.writeUInt16BE(0x8000 | (this.#picture & 0x7fff), 2);
    const layer = layered ? [(temporalLayer << 6) | 0x20] : [];
    // The last bit of VP8's own header is 0 for a key frame (RFC 6386, 9.1).
    const payload = Buffer.from([...layer, keyFrame ? 0 : 1, 0, 0, 0]);
    const packet = Buffer.concat([header, descriptor, payload]);
    this.producer.send(Buffer.concat([packet], Math.max(bytes, packet.length)));
  }

  /** Sends a Sender Report of the lower encoding (RFC 3550, 6.4.1). */
  report(): void {
    const packet = Buffer.alloc(28);
    packet.writeUInt32BE(0x80c80006, 0);
    packet.writeUInt32BE(ssrcs[0] ?? 0, 4);
    this.#transport.sendRtcp(packet);
  }

  /** Calls back for feedback messages of format 1. */
  #onFeedback(packetType: number, listener: () => void): void {
    this.#transport.on('rtcp', (packet) => {
      if (packet.readUInt8(1) === packetType && (packet.readUInt8(0) & 31) === 1) {
        listener();
      }
    });
  }
}

/** Without congestion control, which would choose the layers by bitrate. */
function capabilitiesOf(
  { rtpCapabilities }: types.Router,
  { rtcpFeedback } = vp8,
): types.RtpCapabilities {
  const codecs = (rtpCapabilities.codecs ?? []).map((one) => ({
    ...one,
    rtcpFeedback: one.mimeType.endsWith('rtx') ? [] : rtcpFeedback,
  }));
  return { codecs, headerExtensions: [] };
}
