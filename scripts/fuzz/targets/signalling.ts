import { connectQuerySchema, peerIdSchema, requests } from '@oneport/protocol';
import fc from 'fast-check';
import { rtpCapabilities } from '../../../testkit/clients/media-parameters.ts';
import { bystandersRoom } from '../bystanders.ts';
import { type Answer, FuzzPeer, takeAll } from '../fuzz-peer.ts';
import { type Made, target } from '../run-target.ts';
import type { Subject } from '../subject.ts';
import { fromSchema } from '../values/from-schema.ts';
import { hostileJson, hostileValue, nearlyValid } from '../values/hostile.ts';
import { uuids, withIds } from '../values/ids.ts';
import { produceData } from '../values/produce-data.ts';

/** A WebSocket message: text with placeholders for ids, or bytes. */
type FuzzFrame = { text: string } | { hex: string };

const dataOf: Record<string, fc.Arbitrary<unknown>> = {
  ...Object.fromEntries(
    Object.entries(requests).map(([method, { data }]) => [method, fromSchema(data, uuids)]),
  ),
  // Made of the schema alone, its parts would hardly ever fit together.
  produce: produceData,
  // A wrong generation is rejected before anything else is looked at.
  join: fromSchema(requests.join.data, uuids).map((data) => ({
    ...(data as object),
    generation: 1,
  })),
};

/** A request with valid or nearly valid data. */
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

/** Mostly valid requests, so many that the later ones depend on the earlier ones. */
const requestFrames: fc.Arbitrary<FuzzFrame[]> = fc.array(
  fc.oneof(
    { weight: 9, arbitrary: request.map(text) },
    { weight: 1, arbitrary: oddRequest.map(text) },
  ),
  { maxLength: 25, size: 'max' },
);

/** Frames that may close the connection. */
const badFrames: fc.Arbitrary<FuzzFrame[]> = fc.array(
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

/** The state of the connection when the frames arrive. */
const states = ['opening', 'welcomed', 'joined', 'joined', 'joined', 'resumed', 'closing'] as const;

/** Responses to newConsumers. */
const answers: fc.Arbitrary<Answer> = fc.oneof(
  { weight: 6, arbitrary: fc.constant(takeAll) },
  {
    weight: 4,
    arbitrary: fc
      .array(
        fc.oneof(
          fc.constant({ ok: true, data: { accepted: [] } }),
          hostileValue.map((accepted) => ({ ok: true, data: { accepted } })),
          hostileValue.map((data) => ({ ok: true, data })),
          fc.constant({ errorCode: 400, errorReason: 'no' }),
        ),
        { maxLength: 3 },
      )
      .map((all) => () => all),
  },
);

const peer = fc.record({
  peerId: fc.oneof(
    { weight: 5, arbitrary: fromSchema(peerIdSchema) as fc.Arbitrary<string> },
    { weight: 1, arbitrary: fc.constantFrom('mallory', 'alice') },
  ),
  flags: fromSchema(connectQuerySchema.pick({ forceTcp: true, produce: true, consume: true })),
  state: fc.constantFrom(...states),
  answer: answers,
  frames: requestFrames,
  /** Sent after the others, with or without waiting until they are processed. */
  last: badFrames,
  end: fc.constantFrom('polite', 'polite', 'abrupt', 'abrupt at once'),
});

/** Frames in every state of a connection, from several peers at once, which may have the same id. */
export const signalling = target(
  'signalling',
  fc.array(peer, { minLength: 1, maxLength: 3 }),
  async (subject, peers) => {
    await Promise.all(peers.map((plan) => play(subject, plan)));
  },
);

async function play(subject: Subject, plan: Made<typeof peer>): Promise<void> {
  const { peerId, flags, state, answer } = plan;
  const { signalling } = subject.server;
  const query = {
    roomId: bystandersRoom,
    peerId,
    produce: '1',
    consume: '1',
    ...(flags as Record<string, string>),
  };
  const count = (what: string) => subject.count(what);
  const options = { signalling, count, query: String(new URLSearchParams(query)), answer };
  let peer = new FuzzPeer(options);
  if (state === 'opening') {
    peer.socket.once('open', () => sendAll(peer, plan.frames));
    await peer.welcome();
  } else {
    const welcome = await peer.welcome();
    if (welcome && state !== 'welcomed') {
      join(peer, welcome.generation);
    }
    if (welcome && state === 'resumed') {
      const before = peer;
      // The previous connection's requests may still be pending.
      sendAll(before, plan.frames);
      peer = new FuzzPeer({ ...options, query: `${options.query}&resume=${welcome.resumeSecret}` });
      const { generation = 1 } = (await peer.welcome()) ?? {};
      await before.end('abrupt');
      join(peer, generation);
    }
    // An invalid frame: the server closes its half, and still receives the rest.
    if (state === 'closing') {
      peer.send('null');
    }
    sendAll(peer, plan.frames);
  }
  if (plan.end !== 'abrupt at once') {
    await peer.processed();
  }
  sendAll(peer, plan.last);
  await peer.end(plan.end === 'polite' ? 'polite' : 'abrupt');
}

function join(peer: FuzzPeer, generation: number): void {
  const device = { flag: 'bot', name: 'fuzz' };
  peer.request('join', { generation, displayName: 'Mallory', device, rtpCapabilities });
}

function sendAll(peer: FuzzPeer, frames: FuzzFrame[]): void {
  for (const one of frames) {
    peer.send('text' in one ? withIds(one.text, peer.ids) : Buffer.from(one.hex, 'hex'));
  }
}
