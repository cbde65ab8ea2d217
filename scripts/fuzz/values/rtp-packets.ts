import type { rtpParametersSchema } from '@oneport/protocol';
import fc from 'fast-check';
import type { z } from 'zod';

type Parameters = z.infer<typeof rtpParametersSchema>;

/** An RTP packet (RFC 3550) as it is to be made for a producer. */
export interface PacketPlan {
  /** Which of the producer's encodings and codecs, modulo how many it has. */
  encoding: number;
  codec: number;
  rtx: boolean;
  sequenceNumber: number;
  timestamp: number;
  marker: boolean;
  padding: number | null;
  /** RFC 8285: one byte or two for each extension's head, or another profile. */
  profile: number;
  /** Of each of the producer's header extensions, hexadecimal. */
  extensions: string[];
  payload: string;
  cut: number | null;
}

const hex = (maxLength: number) =>
  fc.uint8Array({ maxLength, size: 'max' }).map((bytes) => Buffer.from(bytes).toString('hex'));

const seldom = (values: fc.Arbitrary<number>) =>
  fc.oneof({ weight: 9, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: values });

/** What depacketizers look at is in the first bytes: RFC 7741, RFC 9628, RFC 6184, the AV1 RTP specification. */
const payload = fc.oneof(
  hex(4),
  hex(40),
  fc
    .tuple(
      fc.constantFrom(
        // VP8: key frames without and with picture id and layers, and others.
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

export const packetPlan: fc.Arbitrary<PacketPlan> = fc.record({
  encoding: fc.nat({ max: 7 }),
  codec: fc.nat({ max: 3 }),
  rtx: fc.boolean(),
  sequenceNumber: fc.oneof(fc.nat({ max: 30 }), fc.nat({ max: 0xffff })),
  timestamp: fc.oneof(fc.nat({ max: 10_000 }), fc.nat({ max: 0xffffffff })),
  marker: fc.boolean(),
  padding: seldom(fc.nat({ max: 255 })),
  profile: fc.oneof(fc.constantFrom(0xbede, 0xbede, 0x1000), fc.nat({ max: 0xffff })),
  extensions: fc.array(hex(16), { maxLength: 12 }),
  payload,
  cut: seldom(fc.nat({ max: 60 })),
});

/** Makes a packet that the worker takes for this producer's. */
export function buildPacket(
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
