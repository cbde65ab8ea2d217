import fc from 'fast-check';
import type { IceCredentials } from '../../../server/src/stun/stun-message.ts';
import { buildStun, type StunPlan, stunPlan, type Who } from './stun.ts';

/** Bytes that are made when they are sent. */
export type Datagram = (StunPlan | { kind: 'bytes'; hex: string }) & {
  /** Only the beginning of it is sent. undefined: all. */
  cut: number | undefined;
};

const bytes = (maxLength: number) => fc.uint8Array({ maxLength, size: 'max' });

/** A DTLS record (RFC 6347, 4.1) with a handshake message's header in it, or something else. */
const dtls = fc
  .record({
    contentType: fc.oneof(
      fc.constantFrom(20, 21, 22, 22, 22, 23, 24, 25),
      fc.integer({ min: 20, max: 63 }),
    ),
    version: fc.constantFrom(0xfefd, 0xfefd, 0xfeff, 0xfefc, 0x0303, 0x0000, 0xffff),
    epoch: fc.constantFrom(0, 0, 0, 1, 0xffff),
    handshake: fc.option(
      fc.record({
        type: fc.oneof(
          fc.constantFrom(0, 1, 2, 3, 4, 11, 12, 13, 14, 15, 16, 20),
          fc.nat({ max: 255 }),
        ),
        length: fc.oneof(fc.nat({ max: 300 }), fc.nat({ max: 0xffffff })),
        offset: fc.oneof(fc.constant(0), fc.nat({ max: 0xffffff })),
      }),
    ),
    body: bytes(400),
    lie: fc.oneof(
      { weight: 6, arbitrary: fc.constant(0) },
      { weight: 1, arbitrary: fc.integer({ min: -50, max: 0xffff }) },
    ),
  })
  .map(({ contentType, version, epoch, handshake, body, lie }) => {
    const head = Buffer.alloc(handshake ? 12 : 0);
    if (handshake) {
      head.writeUInt8(handshake.type, 0);
      head.writeUIntBE(handshake.length, 1, 3);
      head.writeUIntBE(handshake.offset, 6, 3);
      head.writeUIntBE(Math.min(body.length, 0xffffff), 9, 3);
    }
    const record = Buffer.alloc(13);
    record.writeUInt8(contentType, 0);
    record.writeUInt16BE(version, 1);
    record.writeUInt16BE(epoch, 3);
    record.writeUInt16BE((head.length + body.length + lie) & 0xffff, 11);
    return Buffer.concat([record, head, body]);
  });

/** RTP and RTCP (RFC 3550) are told apart by their second byte (RFC 5761), all by the first (RFC 7983). */
const first = (min: number, max: number) =>
  fc
    .tuple(fc.integer({ min, max }), fc.nat({ max: 255 }), bytes(1_500))
    .map(([one, two, rest]) => Buffer.from([one, two, ...rest]));

const raw = fc.oneof(
  { weight: 4, arbitrary: dtls },
  {
    weight: 1,
    arbitrary: fc.array(dtls, { maxLength: 5 }).map((records) => Buffer.concat(records)),
  },
  { weight: 2, arbitrary: first(128, 191) },
  // RTCP's payload types.
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.integer({ min: 128, max: 191 }), fc.integer({ min: 192, max: 223 }), bytes(200))
      .map(([one, two, rest]) => Buffer.from([one, two, ...rest])),
  },
  { weight: 1, arbitrary: first(0, 127) },
  { weight: 1, arbitrary: first(192, 255) },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom(0, 1, 19, 20, 9_000, 65_507)
      .map((length) => Buffer.alloc(length, 1)),
  },
);

const cut = fc.oneof(
  { weight: 3, arbitrary: fc.constant(undefined) },
  { weight: 1, arbitrary: fc.nat({ max: 200 }) },
);

/** What may come to a media port: STUN, DTLS, RTP, RTCP and worse. */
export const datagram: fc.Arbitrary<Datagram> = fc.oneof(
  { weight: 3, arbitrary: fc.tuple(stunPlan, cut).map(([plan, at]) => ({ ...plan, cut: at })) },
  {
    weight: 2,
    arbitrary: fc.tuple(raw, cut).map(([one, at]) => ({
      kind: 'bytes' as const,
      hex: Buffer.from(one).toString('hex'),
      cut: at,
    })),
  },
);

/** @param credentials - whose they are is the plan's choice */
export function build(plan: Datagram, credentials: Record<Who, IceCredentials>): Buffer {
  const whole =
    plan.kind === 'stun' ? buildStun(plan, credentials[plan.who]) : Buffer.from(plan.hex, 'hex');
  return plan.cut === undefined ? whole : whole.subarray(0, plan.cut);
}
