import { randomUUID } from 'node:crypto';
import { rtpParametersSchema } from '@oneport/protocol';
import fc from 'fast-check';
import type { types } from 'mediasoup';
import type { z } from 'zod';
import { type Made, target } from '../run-target.ts';
import { produceData } from '../values/produce-data.ts';

type Parameters = z.infer<typeof rtpParametersSchema>;

const hex = (maxLength: number) =>
  fc.uint8Array({ maxLength, size: 'max' }).map((bytes) => Buffer.from(bytes).toString('hex'));

const sometimes = (values: fc.Arbitrary<number>) =>
  fc.oneof({ weight: 9, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: values });

/** Depacketizers read the first bytes: RFC 7741, RFC 9628, RFC 6184, the AV1 RTP specification. */
const payload = fc.oneof(
  hex(4),
  hex(40),
  fc
    .tuple(
      fc.constantFrom(
        // VP8: key frames without and with picture id and layers, and other frames.
        ...['1000', '9080010000', '90f080011040', '9000', '80'],
        // VP9: with and without layers, the beginning of a key frame.
        ...['8c800100', '9c800120', '8f', 'ff'],
        // H.264: SPS, IDR, others, STAP-A, FU-A.
        ...['67', '65', '41', '780004', '7c85', '5c'],
      ),
      hex(300),
    )
    .map(([head, rest]) => head + rest),
);

/** An RTP packet (RFC 3550) for a producer. */
const packetPlan = fc.record({
  /** Indexes of the producer's encodings and codecs, modulo their number. */
  encoding: fc.nat({ max: 7 }),
  codec: fc.nat({ max: 3 }),
  rtx: fc.boolean(),
  sequenceNumber: fc.oneof(fc.nat({ max: 30 }), fc.nat({ max: 0xffff })),
  timestamp: fc.oneof(fc.nat({ max: 10_000 }), fc.nat({ max: 0xffffffff })),
  marker: fc.boolean(),
  padding: sometimes(fc.nat({ max: 255 })),
  /** The kind of header extensions (RFC 8285): 0xbede for one-byte headers, 0x1000 for two-byte ones. */
  profile: fc.oneof(fc.constantFrom(0xbede, 0xbede, 0x1000), fc.nat({ max: 0xffff })),
  /** The value of each of the producer's header extensions, hexadecimal. */
  extensions: fc.array(hex(16), { maxLength: 12 }),
  payload,
  cut: sometimes(fc.nat({ max: 60 })),
});

type PacketPlan = Made<typeof packetPlan>;

const batch = fc.record({
  produce: produceData,
  packets: fc.array(packetPlan, { maxLength: 30, size: 'max' }),
  /** Hexadecimal. */
  rtcp: fc.array(
    fc
      .tuple(
        fc.integer({ min: 128, max: 191 }),
        fc.integer({ min: 200, max: 207 }),
        fc.uint8Array({ maxLength: 80 }),
      )
      .map(([first, type, rest]) =>
        Buffer.from([first, type, 0, rest.length >> 2, ...rest]).toString('hex'),
      ),
    { maxLength: 5 },
  ),
  layers: fc.record({ spatialLayer: fc.nat({ max: 7 }), temporalLayer: fc.nat({ max: 7 }) }),
});

const packet: PacketPlan = {
  ...{ encoding: 0, codec: 0, rtx: false, sequenceNumber: 0, timestamp: 0, marker: false },
  ...{ padding: null, profile: 0xbede, extensions: [], payload: '1000', cut: null },
};

/**
 * An encoding with both SSRC and rid: after a packet with the rid and another SSRC, a packet with the SSRC failed an
 * assertion of the worker (Producer::CreateRtpStream, mediasoup 3.27.1).
 */
const ssrcAndRid = {
  produce: {
    kind: 'video',
    rtpParameters: {
      codecs: [{ mimeType: 'video/VP8', clockRate: 90000, payloadType: 96 }],
      headerExtensions: [{ uri: 'urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id', id: 1 }],
      encodings: [{ ssrc: 1, rid: 'a', rtx: { ssrc: 2 } }],
    },
  } as unknown,
  packets: [{ ...packet, rtx: true }, packet],
  rtcp: [] as string[],
  layers: { spatialLayer: 0, temporalLayer: 0 },
};

/**
 * RTP and RTCP for producers of all kinds, with a consumer. A DirectTransport passes them, without SRTP, to the same code
 * as a participant's packets.
 */
export const rtpPackets = target(
  'rtp-packets',
  batch,
  async (subject, plan) => {
    const { kind, rtpParameters: given } = plan.produce as types.ProducerOptions;
    const { data: rtpParameters } = rtpParametersSchema.safeParse(given);
    const [worker] = subject.server.pool.workers;
    if (!rtpParameters || !worker) {
      return subject.count('parameters that the schema rejects');
    }
    const router = await worker.createRouter();
    try {
      const [from, to] = await Promise.all([
        router.createDirectTransport(),
        router.createDirectTransport(),
      ]);
      const options = {
        id: randomUUID(),
        kind,
        rtpParameters: rtpParameters as types.RtpParameters,
      };
      const producer = await from.produce(options).catch(() => undefined);
      if (!producer) {
        return subject.count('parameters that mediasoup rejects');
      }
      const { rtpCapabilities } = router;
      const consumer = await to.consume({ producerId: producer.id, rtpCapabilities });
      if (consumer.type !== 'simple') {
        await consumer.setPreferredLayers(plan.layers);
      }
      consumer.on('rtp', () => subject.count('packets forwarded'));
      for (const packet of plan.packets) {
        producer.send(buildPacket(packet, rtpParameters));
        subject.count('packets sent');
      }
      for (const transport of [from, to]) {
        for (const hex of plan.rtcp) {
          transport.sendRtcp(Buffer.from(hex, 'hex'));
        }
      }
      // Requests are processed after the packets.
      await Promise.all([producer.getStats(), consumer.getStats(), from.dump(), to.dump()]);
      subject.count(`producers: ${producer.type}`);
    } finally {
      router.close();
    }
  },
  [ssrcAndRid],
);

/** Makes a packet that the worker attributes to this producer. */
function buildPacket(
  plan: PacketPlan,
  { codecs, encodings = [], headerExtensions = [], mid }: Parameters,
): Buffer {
  const encoding = encodings[plan.encoding % Math.max(1, encodings.length)];
  const codec = codecs[plan.codec % codecs.length];
  const header = Buffer.alloc(12);
  header.writeUInt8(0x90 | (plan.padding === null ? 0 : 0x20), 0);
  header.writeUInt8((plan.marker ? 0x80 : 0) | (codec?.payloadType ?? 96), 1);
  header.writeUInt16BE(plan.sequenceNumber, 2);
  header.writeUInt32BE(plan.timestamp, 4);
  const ssrc =
    (plan.rtx ? encoding?.rtx?.ssrc : undefined) ?? encoding?.ssrc ?? 1_000 + plan.encoding;
  header.writeUInt32BE(ssrc, 8);
  const extensions = headerExtensions.map(({ uri, id }, i) => {
    const known = uri.endsWith('sdes:mid')
      ? mid
      : uri.endsWith('rtp-stream-id')
        ? encoding?.rid
        : undefined;
    const value =
      known === undefined ? Buffer.from(plan.extensions[i] ?? '', 'hex') : Buffer.from(known);
    // RFC 8285, 4.2 and 4.3.
    const head =
      plan.profile === 0xbede
        ? Buffer.from([((id & 15) << 4) | ((value.length - 1) & 15)])
        : Buffer.from([id & 255, value.length & 255]);
    return Buffer.concat([head, value]);
  });
  let body = Buffer.concat(extensions);
  body = Buffer.concat([body, Buffer.alloc(-body.length & 3)]);
  const extensionHeader = Buffer.alloc(4);
  extensionHeader.writeUInt16BE(plan.profile, 0);
  extensionHeader.writeUInt16BE(body.length / 4, 2);
  const tail = plan.padding === null ? Buffer.alloc(0) : Buffer.from([plan.padding]);
  const whole = Buffer.concat([
    header,
    extensionHeader,
    body,
    Buffer.from(plan.payload, 'hex'),
    tail,
  ]);
  return plan.cut === null ? whole : whole.subarray(0, plan.cut);
}
