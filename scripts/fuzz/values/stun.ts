import { createHmac } from 'node:crypto';
import { crc32 } from 'node:zlib';
import fc from 'fast-check';

/** What a message is made with: of the fuzzer's own transport, of a call's, or of nobody's. */
export interface Credentials {
  ufrag: string;
  password: string;
}

/** What of it is known only when it is sent. */
export type Who = 'own' | 'innocent' | 'nobody';

interface Attribute {
  type: number;
  /** Hexadecimal, so that a counterexample can be read. undefined: `ufrag:client` of `who`. */
  value: string | undefined;
  /** What is added to the length that it says it has. */
  lie: number;
}

/** A STUN message (RFC 8489) as it is to be made, right in most respects. */
export interface StunPlan {
  kind: 'stun';
  type: number;
  cookie: number;
  who: Who;
  attributes: Attribute[];
  /** MESSAGE-INTEGRITY with the password of `who`, or a wrong one. */
  integrity: 'right' | 'wrong' | 'none';
  fingerprint: 'right' | 'wrong' | 'none';
  /** What is added to the length in the header. */
  lie: number;
  /** Hexadecimal, behind the end. */
  tail: string;
}

const types = {
  username: 0x0006,
  messageIntegrity: 0x0008,
  priority: 0x0024,
  useCandidate: 0x0025,
  fingerprint: 0x8028,
  iceControlling: 0x802a,
};
const magicCookie = 0x2112a442;

const hex = (maxLength: number) =>
  fc.uint8Array({ maxLength }).map((bytes) => Buffer.from(bytes).toString('hex'));
const lie = fc.oneof(
  { weight: 8, arbitrary: fc.constant(0) },
  { weight: 1, arbitrary: fc.integer({ min: -8, max: 8 }) },
  { weight: 1, arbitrary: fc.integer({ min: -0xffff, max: 0xffff }) },
);
const mostlyRight = fc.constantFrom('right', 'right', 'right', 'wrong', 'none') as fc.Arbitrary<
  'right' | 'wrong' | 'none'
>;

const attribute: fc.Arbitrary<Attribute> = fc.oneof(
  fc.record({ type: fc.constant(types.username), value: fc.constant(undefined), lie }),
  fc.record({
    type: fc.oneof(
      // All that RFC 8489, 8445 and 7675's neighbours define, and what a worker reads.
      fc.constantFrom(0x0001, 0x0006, 0x0008, 0x0009, 0x000a, 0x0014, 0x0015, 0x0020, 0x0024),
      fc.constantFrom(0x0025, 0x001c, 0x8022, 0x8023, 0x8028, 0x8029, 0x802a, 0xc001, 0xc057),
      fc.nat({ max: 0xffff }),
    ),
    value: fc.oneof(hex(8), hex(8), hex(40), hex(600)),
    lie,
  }),
);

/** What a browser's Binding Request has besides. */
const usual: Attribute[] = [
  { type: types.username, value: undefined, lie: 0 },
  { type: types.priority, value: '7effffff', lie: 0 },
  { type: types.iceControlling, value: '0102030405060708', lie: 0 },
  { type: types.useCandidate, value: '', lie: 0 },
];

export const stunPlan: fc.Arbitrary<StunPlan> = fc.record({
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
  who: fc.constantFrom<Who>('own', 'own', 'innocent', 'nobody'),
  attributes: fc.oneof(
    fc.array(attribute, { maxLength: 6 }).map((others) => [...usual, ...others]),
    fc
      .shuffledSubarray(usual)
      .chain((some) => fc.array(attribute, { maxLength: 3 }).map((others) => [...others, ...some])),
    fc.array(attribute, { maxLength: 60 }),
  ),
  integrity: mostlyRight,
  fingerprint: mostlyRight,
  lie,
  tail: fc.oneof({ weight: 8, arbitrary: fc.constant('') }, { weight: 1, arbitrary: hex(60) }),
});

/** The bytes. Whatever lies about its length is there all the same, integrity and fingerprint are right for it. */
export function buildStun(plan: StunPlan, { ufrag, password }: Credentials): Buffer {
  let message = Buffer.alloc(20);
  message.writeUInt16BE(plan.type, 0);
  message.writeUInt32BE(plan.cookie, 4);
  Buffer.from('fuzzfuzzfuzz').copy(message, 8);
  const append = (type: number, value: Buffer, lie: number) => {
    const head = Buffer.alloc(4);
    head.writeUInt16BE(type, 0);
    head.writeUInt16BE((value.length + lie) & 0xffff, 2);
    message = Buffer.concat([message, head, value, Buffer.alloc(-value.length & 3)]);
    message.writeUInt16BE((message.length - 20) & 0xffff, 2);
  };
  /** RFC 8489, 14.5 and 14.7: both are made of what stands before, with the length that counts them already. */
  const before = (bytes: number) => {
    const text = Buffer.from(message);
    text.writeUInt16BE((message.length - 20 + 4 + bytes) & 0xffff, 2);
    return text;
  };
  for (const { type, value, lie } of plan.attributes) {
    append(
      type,
      value === undefined ? Buffer.from(`${ufrag}:client`) : Buffer.from(value, 'hex'),
      lie,
    );
  }
  if (plan.integrity !== 'none') {
    const key = plan.integrity === 'right' ? password : 'wrong';
    append(types.messageIntegrity, createHmac('sha1', key).update(before(20)).digest(), 0);
  }
  if (plan.fingerprint !== 'none') {
    const sum = Buffer.alloc(4);
    sum.writeUInt32BE((crc32(before(4)) ^ (plan.fingerprint === 'right' ? 0x5354554e : 1)) >>> 0);
    append(types.fingerprint, sum, 0);
  }
  message.writeUInt16BE((message.length - 20 + plan.lie) & 0xffff, 2);
  return Buffer.concat([message, Buffer.from(plan.tail, 'hex')]);
}
