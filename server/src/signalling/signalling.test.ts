import {
  closeCodes,
  closeReasons,
  connectQuerySchema,
  oldestProtocolVersion,
  protocolVersion,
} from '@oneport/protocol';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { rtpCapabilities, rtpParametersFor } from '../../../testkit/clients/media-parameters.ts';
import { TestPeer } from '../../../testkit/clients/test-peer.ts';
import { startTestServer, type TestServer } from '../../../testkit/servers/test-server.ts';

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer({}, { metrics: true });
});

afterAll(() => server.stop());

describe('joining', () => {
  test('takes one round trip after the socket opens', async () => {
    const roomId = 'one-round-trip';
    const alice = await TestPeer.join({ signalling: server.signalling, roomId });
    await alice.produce('microphone');
    await alice.produce('camera');

    const bob = new TestPeer({ signalling: server.signalling, roomId });
    const welcome = await bob.welcome();
    expect(bob.frames, 'the server speaks first').toHaveLength(1);

    // All that a browser sends to join, without waiting for a reply.
    const replies = Promise.all([
      bob.join(welcome.generation),
      bob.connect(welcome.recvTransport?.transportId ?? ''),
      bob.connect(welcome.sendTransport?.transportId ?? ''),
      bob.produce('microphone'),
      bob.produce('camera'),
    ]);
    const [joined] = await replies;
    expect(joined.peers.map(({ peerId }) => peerId)).toEqual([alice.peerId]);

    await bob.until(() => bob.batches.length > 0);
    const sent = bob.frames.filter(({ direction }) => direction === 'out').slice(0, 5);
    expect(sent.every(({ message }) => message.request)).toBe(true);
    const firstReply = bob.frames.findIndex(({ message }) => message.response);
    const lastSent = bob.frames.lastIndexOf(sent.at(-1) as (typeof sent)[number]);
    expect(lastSent, 'all requests are sent before the first reply').toBeLessThan(firstReply);

    // welcome, five replies, one batch: nothing else was needed to receive Alice.
    const received = bob.frames.filter(({ direction }) => direction === 'in');
    expect(received).toHaveLength(7);
    expect(bob.batches[0]?.consumers.map(({ source }) => source)).toEqual(['microphone', 'camera']);
    await Promise.all([alice.leave(), bob.leave()]);
  });

  test('offers all producers in one batch, audio first', async () => {
    const roomId = 'batches';
    const others = await Promise.all(
      Array.from({ length: 5 }, () => TestPeer.join({ signalling: server.signalling, roomId })),
    );
    for (const other of others) {
      await other.produce('camera');
      await other.produce('microphone');
    }
    const late = await TestPeer.join({ signalling: server.signalling, roomId });
    await late.until(() => late.batches.length > 0);
    expect(late.batches).toHaveLength(1);
    const kinds = late.batches[0]?.consumers.map(({ kind }) => kind);
    expect(kinds).toEqual([...Array(5).fill('audio'), ...Array(5).fill('video')]);
    await Promise.all([late, ...others].map((peer) => peer.leave()));
  });

  test('creates only the transports that the URL asks for', async () => {
    const viewer = new TestPeer({
      signalling: server.signalling,
      roomId: 'viewer',
      query: { produce: '0' },
    });
    const welcome = await viewer.welcome();
    expect(welcome.sendTransport).toBeUndefined();
    expect(welcome.recvTransport).toBeDefined();
    expect(welcome.dataConsumer?.label).toBe('room');
    await viewer.leave();
  });

  test('with forceTcp offers TCP candidates only', async () => {
    const peer = new TestPeer({
      signalling: server.signalling,
      roomId: 'tcp',
      query: { forceTcp: '1' },
    });
    const { sendTransport } = await peer.welcome();
    expect(sendTransport?.iceCandidates.map(({ protocol }) => protocol)).toEqual(['tcp']);
    await peer.leave();
  });

  test('is rejected with 409 for another generation', async () => {
    const peer = new TestPeer({ signalling: server.signalling, roomId: 'stale' });
    const { generation } = await peer.welcome();
    await expect(peer.join(generation + 1)).rejects.toMatchObject({ code: 409 });
    await peer.leave();
  });
});

describe('a room', () => {
  test('notifies its peers of joining, renaming, pausing, closing and leaving', async () => {
    const roomId = 'news';
    const alice = await TestPeer.join({ signalling: server.signalling, roomId });
    const bob = await TestPeer.join({ signalling: server.signalling, roomId });
    expect(await alice.notification('newPeer')).toMatchObject({ peerId: bob.peerId });

    await bob.request('changeDisplayName', { displayName: ' Bob ' });
    expect(await alice.notification('peerDisplayNameChanged')).toEqual({
      peerId: bob.peerId,
      displayName: 'Bob',
    });

    const producerId = await bob.produce('camera');
    await alice.until(() => alice.batches.length === 1);
    const consumerId = alice.batches[0]?.consumers[0]?.consumerId;
    await bob.request('pauseProducer', { producerId });
    expect(await alice.notification('consumerPaused')).toEqual({ consumerId });
    await bob.request('resumeProducer', { producerId });
    expect(await alice.notification('consumerResumed')).toEqual({ consumerId });
    await bob.request('closeProducer', { producerId });
    expect(await alice.notification('consumerClosed')).toEqual({ consumerId });

    await bob.leave();
    expect(await alice.notification('peerClosed')).toEqual({ peerId: bob.peerId });
    await alice.leave();
  });

  test('tells both peers of a producer whose codec one of them does not support, until it closes', async () => {
    const roomId = 'codecs';
    const mismatches = async () =>
      (await server.scrape())('oneport_codec_mismatches_total', { codec: 'VP8' });
    const before = (await mismatches()) ?? 0;
    const alice = await TestPeer.join({ signalling: server.signalling, roomId });
    const producerId = await alice.produce('camera', rtpParametersFor('camera', 'video/vp8'));
    const join = async (bob: TestPeer, consumers?: string[]) => {
      const audioOnly = {
        ...rtpCapabilities,
        codecs: rtpCapabilities.codecs.filter(({ kind }) => kind === 'audio'),
      };
      const { generation } = await bob.welcome();
      await bob.join(generation, { rtpCapabilities: audioOnly, ...(consumers && { consumers }) });
    };
    const bob = new TestPeer({ signalling: server.signalling, roomId });
    await join(bob);
    const camera = { source: 'camera', codec: 'VP8' };
    expect(await bob.notification('unsupportedProducers')).toEqual({
      producers: [{ peerId: alice.peerId, ...camera }],
    });
    expect(await alice.notification('producerUnsupportedBy')).toEqual({
      peerId: bob.peerId,
      ...camera,
    });
    await alice.produce('microphone');
    await bob.until(() => bob.batches.length === 1);

    // The list is repeated to a peer that resumes, and nothing is counted again.
    const resumed = bob.resume();
    await join(
      resumed,
      bob.batches[0]?.consumers.map(({ consumerId }) => consumerId),
    );
    await resumed.notification('unsupportedProducers', ({ producers }) => producers.length === 1);
    await alice.request('closeProducer', { producerId });
    await resumed.notification('unsupportedProducers', ({ producers }) => producers.length === 0);
    expect(await mismatches()).toBe(before + 1);
    await Promise.all([alice.leave(), resumed.leave()]);
  });

  test('tells both peers of a producer that one of them failed to receive, and offers it no more', async () => {
    const roomId = 'failed';
    const failures = async () =>
      (await server.scrape())('oneport_consume_failures_total', { codec: 'VP8' });
    const before = (await failures()) ?? 0;
    const alice = await TestPeer.join({ signalling: server.signalling, roomId });
    const producerId = await alice.produce('camera', rtpParametersFor('camera', 'video/vp8'));
    const bob = await TestPeer.join({
      signalling: server.signalling,
      roomId,
      accept: ({ consumers }) => ({
        accepted: [],
        failed: consumers.map(({ consumerId }) => ({ consumerId, reason: 'bad SDP' })),
      }),
    });
    const camera = { source: 'camera', codec: 'VP8', failed: true };
    expect(await bob.notification('unsupportedProducers')).toEqual({
      producers: [{ peerId: alice.peerId, ...camera }],
    });
    expect(await alice.notification('producerUnsupportedBy')).toEqual({
      peerId: bob.peerId,
      ...camera,
    });
    const resumed = bob.resume();
    await resumed.join((await resumed.welcome()).generation, { consumers: [] });
    await resumed.notification('unsupportedProducers', ({ producers }) => producers.length === 1);
    await resumed.request('ping', {});
    expect(resumed.batches).toEqual([]);
    await alice.request('closeProducer', { producerId });
    await resumed.notification('unsupportedProducers', ({ producers }) => producers.length === 0);
    expect(await failures()).toBe(before + 1);
    await Promise.all([alice.leave(), resumed.leave()]);
  });

  test('lists all producers that a joining peer does not support at once', async () => {
    const roomId = 'no-video';
    const alice = await TestPeer.join({ signalling: server.signalling, roomId });
    await alice.produce('camera');
    await alice.produce('screen');
    const bob = new TestPeer({ signalling: server.signalling, roomId });
    const { generation } = await bob.welcome();
    await bob.join(generation, { rtpCapabilities: { ...rtpCapabilities, codecs: [] } });
    const { producers } = await bob.notification('unsupportedProducers');
    expect(producers.map(({ source }) => source)).toEqual(['screen', 'camera']);
    await bob.request('ping', {});
    const lists = bob.frames.filter(({ message }) => message.method === 'unsupportedProducers');
    expect(lists).toHaveLength(1);
    await Promise.all([alice.leave(), bob.leave()]);
  });

  test('keeps the chat for peers that join later', async () => {
    const roomId = 'chat';
    const alice = await TestPeer.join({ signalling: server.signalling, roomId });
    const { messageId } = await alice.request('sendChatMessage', { text: 'hello\nthere' });
    const bob = new TestPeer({ signalling: server.signalling, roomId });
    const { chat } = await bob.join((await bob.welcome()).generation);
    expect(chat).toEqual([
      expect.objectContaining({ messageId, peerId: alice.peerId, text: 'hello\nthere' }),
    ]);
    await Promise.all([alice.leave(), bob.leave()]);
  });

  test('closes only one consumer when its producer closes while the batch is being accepted', async () => {
    const roomId = 'closing';
    const alice = await TestPeer.join({ signalling: server.signalling, roomId });
    await alice.produce('microphone');
    await alice.produce('camera');
    const carol = await TestPeer.join({ signalling: server.signalling, roomId });
    for (let round = 0; round < 10; round++) {
      const producerId = await carol.produce('microphone');
      const closing: Promise<unknown>[] = [];
      const bob = await TestPeer.join({
        signalling: server.signalling,
        roomId,
        accept: ({ consumers }) => {
          closing.push(carol.request('closeProducer', { producerId }));
          return consumers.map(({ consumerId }) => consumerId);
        },
      });
      await bob.until(() => bob.batches.length > 0);
      await Promise.all(closing);
      await bob.request('sendChatMessage', { text: 'everything before this has arrived' });
      const ofAlice = bob.batches[0]?.consumers.filter(({ peerId }) => peerId === alice.peerId);
      expect(ofAlice).toHaveLength(2);
      for (const { consumerId } of ofAlice ?? []) {
        await bob.request('resumeConsumer', { consumerId });
      }
      await bob.leave();
    }
    await Promise.all([alice.leave(), carol.leave()]);
  });

  test('disconnects a peer that does not answer newConsumers as expected', async () => {
    const roomId = 'no-answer';
    const alice = await TestPeer.join({ signalling: server.signalling, roomId });
    const bob = await TestPeer.join({
      signalling: server.signalling,
      roomId,
      accept: () => ['not an id'],
    });
    await alice.produce('camera');
    expect(await bob.closed).toMatchObject({ code: 4408 });
    await alice.leave();
  });

  test('closes consumers that a peer does not accept', async () => {
    const roomId = 'rejected-consumers';
    const alice = await TestPeer.join({ signalling: server.signalling, roomId });
    const bob = await TestPeer.join({
      signalling: server.signalling,
      roomId,
      accept: () => [],
    });
    await alice.produce('camera');
    const { consumerId } = await bob.notification('consumerClosed');
    expect(bob.batches[0]?.consumers[0]?.consumerId).toBe(consumerId);
    await Promise.all([alice.leave(), bob.leave()]);
  });
});

describe('the protocol version', () => {
  const connect = (version: string) =>
    new TestPeer({ signalling: server.signalling, query: { protocolVersion: version } });

  test('of a client that is too old is rejected with a close code of its own', async () => {
    expect(await connect(String(oldestProtocolVersion - 1)).closed).toEqual({
      code: closeCodes.outdated,
      reason: closeReasons.outdated,
    });
  });

  test.each(['', '-1', '1.5', 'latest', '1234567'])('can not be %j', async (version) => {
    expect(await connect(version).closed).toMatchObject({ code: closeCodes.badFrame });
  });

  test('can be one that the server does not know yet', async () => {
    const peer = connect(String(protocolVersion + 1));
    await peer.welcome();
    await peer.leave();
  });

  test('is 1 for a client that does not send it', () => {
    const { data } = connectQuerySchema.safeParse({ roomId: 'r', peerId: 'p' });
    expect(data?.protocolVersion).toBe(1);
  });
});

describe('a peer id', () => {
  test('in use is rejected without the secret, and its peer stays', async () => {
    const options = { signalling: server.signalling, roomId: 'taken', peerId: 'alice' };
    const alice = await TestPeer.join(options);
    const thief = new TestPeer({ ...options, query: { resume: 'x'.repeat(32) } });
    expect(await thief.closed).toEqual({
      code: 4401,
      reason: 'peerId: already in use in this room',
    });
    await alice.request('sendChatMessage', { text: 'still here' });
    await alice.leave();
  });
});
