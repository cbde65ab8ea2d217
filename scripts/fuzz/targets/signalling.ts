import { connectQuerySchema, peerIdSchema } from '@oneport/protocol';
import fc from 'fast-check';
import { rtpCapabilities } from '../../../testkit/clients/media-parameters.ts';
import { type Answer, FuzzPeer, takeAll } from '../fuzz-peer.ts';
import type { Subject } from '../subject.ts';
import { target } from '../target.ts';
import { badFrames, type FuzzFrame, requestFrames } from '../values/frames.ts';
import { fromSchema } from '../values/from-schema.ts';
import { hostileValue } from '../values/hostile.ts';
import { withIds } from '../values/ids.ts';

/** What the server knows of a peer when the frames come. */
const states = ['opening', 'welcomed', 'joined', 'joined', 'joined', 'resumed', 'closing'] as const;

/** How a peer answers the offer of consumers. */
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
  /** After the others have been dealt with, or in the same breath. */
  last: badFrames,
  end: fc.constantFrom('polite', 'polite', 'abrupt', 'abrupt at once'),
});

type PeerPlan = typeof peer extends fc.Arbitrary<infer Plan> ? Plan : never;

/** Frames in every state of a connection, by some peers at once, who may have the same id. */
export const signalling = target(
  'signalling',
  fc.array(peer, { minLength: 1, maxLength: 3 }),
  async (subject, peers) => {
    await Promise.all(peers.map((plan) => play(subject, plan)));
  },
);

async function play(subject: Subject, plan: PeerPlan): Promise<void> {
  const { peerId, flags, state, answer } = plan;
  const { signalling } = subject.server;
  const { roomId } = subject.innocents;
  const query = {
    roomId,
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
      // With what its last connection has asked for still waiting to be done.
      sendAll(before, plan.frames);
      peer = new FuzzPeer({ ...options, query: `${options.query}&resume=${welcome.resumeSecret}` });
      const { generation = 1 } = (await peer.welcome()) ?? {};
      await before.end('abrupt');
      join(peer, generation);
    }
    // The server closes its half, and gets the rest all the same.
    if (state === 'closing') {
      peer.send('null');
    }
    sendAll(peer, plan.frames);
  }
  if (plan.end !== 'abrupt at once') {
    await peer.dealtWith();
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
