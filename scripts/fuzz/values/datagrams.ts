import fc from 'fast-check';
import {
  emptyMessage,
  type IceCredentials,
  magicCookie,
  stunAttributes,
  stunHeaderBytes,
  withAttribute,
  withFingerprint,
  withIntegrity,
} from '../../../server/src/stun/stun-message.ts';
import type { Made } from '../run-target.ts';

/** The owner of the credentials in a message: the fuzzer's own, a bystander's, or those of no transport. */
export type Owner = 'own' | 'bystander' | 'unknown';

const bytes = (maxLength: number) =>
  fc.uint8Array({ maxLength, size: 'max' }).map((all) => Buffer.from(all));
const hex = (maxLength: number) => bytes(maxLength).map((all) => all.toString('hex'));
/** @param most - the largest error */
const lengthError = (most: number) =>
  fc.oneof(
    { weight: 8, arbitrary: fc.constant(0) },
    { weight: 1, arbitrary: fc.integer({ min: -8, max: 8 }) },
    { weight: 1, arbitrary: fc.integer({ min: -most, max: 0xffff }) },
  );
const mostlyRight = fc.constantFrom<'right' | 'wrong' | 'none'>(
  ...(['right', 'right', 'right', 'wrong', 'none'] as const),
);

/** A value is hexadecimal, so that a counterexample is readable, or undefined for `ufrag:client` of the owner. */
const attribute = fc.oneof(
  fc.record({
    type: fc.constant(stunAttributes.username),
    value: fc.constant(undefined),
    /** Added to the attribute's length field. */
    lengthError: lengthError(0xffff),
  }),
  fc.record({
    type: fc.oneof(
      // All attributes of RFC 8489, 8445 and their extensions, and those that a worker reads.
      fc.constantFrom(0x0001, 0x0006, 0x0008, 0x0009, 0x000a, 0x0014, 0x0015, 0x0020, 0x0024),
      fc.constantFrom(0x0025, 0x001c, 0x8022, 0x8023, 0x8028, 0x8029, 0x802a, 0xc001, 0xc057),
      fc.nat({ max: 0xffff }),
    ),
    value: fc.oneof(hex(8), hex(8), hex(40), hex(600)),
    lengthError: lengthError(0xffff),
  }),
);

/** The attributes of a browser's Binding Request. */
const usual: Made<typeof attribute>[] = [
  { type: stunAttributes.username, value: undefined, lengthError: 0 },
  { type: stunAttributes.priority, value: '7effffff', lengthError: 0 },
  { type: stunAttributes.iceControlling, value: '0102030405060708', lengthError: 0 },
  { type: stunAttributes.useCandidate, value: '', lengthError: 0 },
];

/** A STUN message (RFC 8489) that is correct in most respects. */
const stunPlan = fc.record({
  kind: fc.constant('stun' as const),
  type: fc.oneof(
    { weight: 4, arbitrary: fc.constant(0x0001) },
    { weight: 1, arbitrary: fc.constantFrom(0x0011, 0x0101, 0x0111, 0x0003, 0x0000) },
    { weight: 1, arbitrary: fc.nat({ max: 0x3fff }) },
  ),
  cookie: fc.oneof(
    { weight: 9, arbitrary: fc.constant(magicCookie) },
    { weight: 1, arbitrary: fc.nat({ max: 0xffffffff }) },
  ),
  owner: fc.constantFrom<Owner>('own', 'own', 'bystander', 'unknown'),
  attributes: fc.oneof(
    fc.array(attribute, { maxLength: 6 }).map((others) => [...usual, ...others]),
    fc
      .shuffledSubarray(usual)
      .chain((some) => fc.array(attribute, { maxLength: 3 }).map((others) => [...others, ...some])),
    fc.array(attribute, { maxLength: 60 }),
  ),
  /** MESSAGE-INTEGRITY with the owner's password, or with another. */
  integrity: mostlyRight,
  fingerprint: mostlyRight,
  /** Added to the header's length field. */
  lengthError: lengthError(0xffff),
  /** Hexadecimal, after the end of the message. */
  tail: fc.oneof({ weight: 8, arbitrary: fc.constant('') }, { weight: 1, arbitrary: hex(60) }),
});

/** A DTLS record (RFC 6347, 4.1), with the header of a handshake message or without. */
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
    wrong: lengthError(50),
  })
  .map(({ contentType, version, epoch, handshake, body, wrong }) => {
    const head = Buffer.alloc(handshake ? 12 : 0);
    if (handshake) {
      head.writeUInt8(handshake.type, 0);
      head.writeUIntBE(handshake.length, 1, 3);
      head.writeUIntBE(handshake.offset, 6, 3);
      head.writeUIntBE(body.length, 9, 3);
    }
    const record = Buffer.alloc(13);
    record.writeUInt8(contentType, 0);
    record.writeUInt16BE(version, 1);
    record.writeUInt16BE(epoch, 3);
    record.writeUInt16BE((head.length + body.length + wrong) & 0xffff, 11);
    return Buffer.concat([record, head, body]);
  });

/** The first byte tells protocols apart (RFC 7983), the second RTP from RTCP (RFC 5761). */
const beginningWith = (
  [min, max]: [number, number],
  maxLength = 1_500,
  second = fc.nat({ max: 255 }),
) =>
  fc
    .tuple(fc.integer({ min, max }), second, bytes(maxLength))
    .map(([one, two, rest]) => Buffer.from([one, two, ...rest]));
const rtcpType = fc.integer({ min: 192, max: 223 });

const raw = fc.oneof(
  { weight: 4, arbitrary: dtls },
  { weight: 1, arbitrary: fc.array(dtls, { maxLength: 5 }).map((all) => Buffer.concat(all)) },
  { weight: 2, arbitrary: beginningWith([128, 191]) },
  { weight: 1, arbitrary: beginningWith([128, 191], 200, rtcpType) },
  { weight: 1, arbitrary: beginningWith([0, 127]) },
  { weight: 1, arbitrary: beginningWith([192, 255]) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(0, 1, 19, 20, 9_000, 65_507).map((size) => Buffer.alloc(size, 1)),
  },
);

/** Only so many bytes are sent. undefined: all. */
const cut = fc.oneof(
  { weight: 3, arbitrary: fc.constant(undefined) },
  { weight: 1, arbitrary: fc.nat({ max: 200 }) },
);

/** Input of a media port: STUN, DTLS, RTP, RTCP and junk. */
export const datagram = fc.oneof(
  { weight: 3, arbitrary: fc.tuple(stunPlan, cut).map(([plan, at]) => ({ ...plan, cut: at })) },
  {
    weight: 2,
    arbitrary: fc
      .tuple(raw, cut)
      .map(([one, at]) => ({ kind: 'bytes' as const, hex: one.toString('hex'), cut: at })),
  },
);

/**
 * Makes the bytes when they are sent, because ufrag and password are known only then.
 *
 * @param credentials - the plan chooses among them
 */
export function buildDatagram(
  plan: Made<typeof datagram>,
  credentials: Record<Owner, IceCredentials>,
): Buffer {
  const whole =
    plan.kind === 'stun' ? buildStun(plan, credentials[plan.owner]) : Buffer.from(plan.hex, 'hex');
  return plan.cut === undefined ? whole : whole.subarray(0, plan.cut);
}

/** An attribute with a wrong length still has all its bytes, and integrity and fingerprint cover them. */
function buildStun(
  plan: Made<typeof stunPlan>,
  { usernameFragment, password }: IceCredentials,
): Buffer {
  let message = emptyMessage(plan.type);
  message.writeUInt32BE(plan.cookie, 4);
  Buffer.from('fuzzfuzzfuzz').copy(message, 8);
  for (const { type, value, lengthError } of plan.attributes) {
    const content =
      value === undefined ? Buffer.from(`${usernameFragment}:client`) : Buffer.from(value, 'hex');
    const lengthAt = message.length + 2;
    message = withAttribute(message, type, content);
    message.writeUInt16BE((content.length + lengthError) & 0xffff, lengthAt);
  }
  if (plan.integrity !== 'none') {
    message = withIntegrity(message, plan.integrity === 'right' ? password : 'wrong');
  }
  if (plan.fingerprint !== 'none') {
    message = withFingerprint(message);
    if (plan.fingerprint === 'wrong') {
      const sum = message.subarray(-4);
      sum.writeUInt32BE((sum.readUInt32BE() ^ 1) >>> 0);
    }
  }
  message.writeUInt16BE((message.length - stunHeaderBytes + plan.lengthError) & 0xffff, 2);
  return Buffer.concat([message, Buffer.from(plan.tail, 'hex')]);
}
