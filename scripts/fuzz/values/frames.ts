import { requests } from '@oneport/protocol';
import fc from 'fast-check';
import { fromSchema } from './from-schema.ts';
import { hostileJson, hostileValue } from './hostile.ts';
import { uuids } from './ids.ts';
import { nearlyValid } from './nearly-valid.ts';
import { produceData } from './rtp-parameters.ts';

/** What is sent as one WebSocket message: text with placeholders for ids, or bytes. */
export type FuzzFrame = { text: string } | { hex: string };

const dataOf: Record<string, fc.Arbitrary<unknown>> = {
  ...Object.fromEntries(
    Object.entries(requests).map(([method, { data }]) => [method, fromSchema(data, uuids)]),
  ),
  // Of itself it would hardly ever fit together.
  produce: produceData,
  // A peer that has joined once is refused whatever else it says: mostly the right generation.
  join: fromSchema(requests.join.data, uuids).map((data) => ({
    ...(data as object),
    generation: 1,
  })),
};

/** A request whose data is as the protocol has it, or nearly. */
const request = fc.oneof(
  ...Object.entries(dataOf).map(([method, data]) =>
    fc.record({
      request: fc.constant(true),
      id: fc.nat({ max: 1000 }),
      method: fc.constant(method),
      data: fc.oneof(data, nearlyValid(data)),
    }),
  ),
);

const oddRequest = fc.record({
  request: fc.constant(true),
  id: fc.nat({ max: 1000 }),
  method: fc.oneof(
    fc.constantFrom('constructor', '__proto__', 'toString', 'hasOwnProperty', 'join ', 'JOIN'),
    fc.string({ minLength: 1, maxLength: 64 }),
  ),
  data: hostileValue,
});

const odd = fc.oneof(
  fc.record({
    response: fc.constant(true),
    id: fc.nat({ max: 10_000_000 }),
    ok: fc.oneof(fc.boolean(), hostileValue),
    data: hostileValue,
    errorCode: hostileValue,
    errorReason: hostileValue,
  }),
  fc.record({
    notification: fc.constant(true),
    method: fc.string({ maxLength: 70 }),
    data: hostileValue,
  }),
  fc.record({
    ...{ request: fc.boolean(), response: fc.boolean(), notification: fc.boolean() },
    ...{ id: hostileValue, method: hostileValue, data: hostileValue },
  }),
);

const text = (value: unknown) => ({ text: JSON.stringify(value) ?? '' });

/** What a peer may ask, most of it, and so much that the answers depend on each other. */
export const requestFrames: fc.Arbitrary<FuzzFrame[]> = fc.array(
  fc.oneof(
    { weight: 9, arbitrary: request.map(text) },
    { weight: 1, arbitrary: oddRequest.map(text) },
  ),
  { maxLength: 25, size: 'max' },
);

/** What may end a socket. */
export const badFrames: fc.Arbitrary<FuzzFrame[]> = fc.array(
  fc.oneof(
    odd.map(text),
    nearlyValid(request).map(text),
    fc
      .tuple(request, fc.nat({ max: 5_000 }))
      .map(([value, at]) => ({ text: text(value).text.slice(0, at) })),
    hostileJson.map((json) => ({ text: json })),
    fc.uint8Array({ maxLength: 200 }).map((bytes) => ({ hex: Buffer.from(bytes).toString('hex') })),
  ),
  { maxLength: 5 },
);
