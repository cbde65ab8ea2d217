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

/** Whose credentials a message carries: the fuzzer's own, a bystander's, or unknown ones. */
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
  fc.record({ type: fc.constant(stunAttributes.username), value: fc.constant(undefined), lie }),
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
  { type: stunAttributes.username, value: undefined, lie: 0 },
  { type: stunAttributes.priority, value: '7effffff', lie: 0 },
  { type: stunAttributes.iceControlling, value: '0102030405060708', lie: 0 },
  { type: stunAttributes.useCandidate, value: '', lie: 0 },
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

/** The bytes. An attribute with a wrong length has all its bytes nevertheless, and integrity and fingerprint cover them. */
export function buildStun(plan: StunPlan, { usernameFragment, password }: IceCredentials): Buffer {
  let message = emptyMessage(plan.type);
  message.writeUInt32BE(plan.cookie, 4);
  Buffer.from('fuzzfuzzfuzz').copy(message, 8);
  for (const { type, value, lie } of plan.attributes) {
    const bytes = Buffer.from(
      value ?? Buffer.from(`${usernameFragment}:client`).toString('hex'),
      'hex',
    );
    const lengthAt = message.length + 2;
    message = withAttribute(message, type, bytes);
    message.writeUInt16BE((bytes.length + lie) & 0xffff, lengthAt);
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
  message.writeUInt16BE((message.length - stunHeaderBytes + plan.lie) & 0xffff, 2);
  return Buffer.concat([message, Buffer.from(plan.tail, 'hex')]);
}
