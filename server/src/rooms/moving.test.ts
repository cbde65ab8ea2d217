/** When a worker dies, its rooms move to another: docs/reliability.md. */
import { closeCodes } from '@oneport/protocol';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { TestPeer } from '../../../testkit/clients/test-peer.ts';
import { startTestServer, type TestServer } from '../../../testkit/servers/test-server.ts';
import { untilHeldBack, workerState } from '../../../testkit/servers/worker-state.ts';

let server: TestServer;

afterEach(() => server.stop());

const kill = (index: number) => {
  const worker = server.pool.workers.find((one) => one.index === index);
  if (!worker) {
    throw new Error(`there is no worker ${index}`);
  }
  process.kill(worker.worker.pid, 'SIGKILL');
};

const workerOf = (peer: TestPeer) => {
  const port = peer.welcomes.at(-1)?.sendTransport?.iceCandidates[0]?.port ?? 0;
  return port - server.mediaPort;
};

const ended = (peer: TestPeer) =>
  peer.frames.filter(({ message }) => message.method === 'peerClosed');

describe('when one of two workers dies', () => {
  beforeEach(async () => {
    server = await startTestServer({ MEDIASOUP_NUM_WORKERS: '2' });
  });

  test('its room moves to the other one, and its peers keep their sockets', async () => {
    const { signalling } = server;
    const alice = await TestPeer.join({ signalling });
    const bob = await TestPeer.join({ signalling });
    await alice.produce('camera');
    await bob.until(() => bob.batches.length === 1);
    await alice.request('sendChatMessage', { text: 'before' });
    expect(workerOf(alice)).toBe(0);

    kill(0);
    await Promise.all([alice.welcome(2), bob.welcome(2)]);
    expect([alice, bob].map(workerOf)).toEqual([1, 1]);
    const reply = await alice.join(2);
    expect(reply).toMatchObject({ producers: [], consumers: [], chat: [{ text: 'before' }] });
    expect(reply.peers.map(({ peerId }) => peerId)).toEqual([bob.peerId]);
    await bob.join(2);
    const camera = await alice.produce('camera');
    await bob.until(() => bob.batches.length === 2);
    expect(bob.batches[1]).toMatchObject({ generation: 2, consumers: [{ producerId: camera }] });
    expect([...ended(alice), ...ended(bob)]).toEqual([]);
    await Promise.all([alice.leave(), bob.leave()]);
  });

  test('a room on the other one is not affected', async () => {
    const { signalling } = server;
    const doomed = await TestPeer.join({ signalling, roomId: 'doomed' });
    const other = await TestPeer.join({ signalling, roomId: 'other' });
    expect([doomed, other].map(workerOf)).toEqual([0, 1]);
    const before = other.frames.length;
    kill(0);
    await doomed.welcome(2);
    await other.request('sendChatMessage', { text: 'undisturbed' });
    // The request and its reply.
    expect(other.frames).toHaveLength(before + 2);
    await Promise.all([doomed.leave(), other.leave()]);
  });

  test('many rooms spread over the remaining workers', async () => {
    await server.stop();
    server = await startTestServer({ MEDIASOUP_NUM_WORKERS: '3' });
    const { signalling } = server;
    const peers: TestPeer[] = [];
    for (let n = 0; n < 30; n++) {
      peers.push(await TestPeer.join({ signalling, roomId: `r${n}` }));
    }
    const doomed = peers.filter((peer) => workerOf(peer) === 0);
    expect(doomed).toHaveLength(10);
    kill(0);
    await Promise.all(doomed.map((peer) => peer.welcome(2)));
    const count = (index: number) => doomed.filter((peer) => workerOf(peer) === index).length;
    expect([count(1), count(2)]).toEqual([5, 5]);
    await Promise.all(peers.map((peer) => peer.leave()));
  });

  test('a disconnected peer resumes with new transports', async () => {
    const { signalling } = server;
    const alice = await TestPeer.join({ signalling });
    const bob = await TestPeer.join({ signalling });
    await alice.drop();
    kill(0);
    await bob.welcome(2);
    const again = alice.resume();
    const { generation, sendTransport } = await again.welcome();
    expect(workerOf(again)).toBe(1);
    expect(sendTransport?.transportId).not.toBe(alice.welcomes[0]?.sendTransport?.transportId);
    await again.join(generation);
    await bob.join(2);
    await again.produce('camera');
    await bob.until(() => bob.batches.length > 0);
    expect(ended(bob)).toEqual([]);
    await Promise.all([again.leave(), bob.leave()]);
  });

  test('peers that connect at that moment are admitted', async () => {
    const { signalling } = server;
    const alice = await TestPeer.join({ signalling });
    kill(0);
    const late = Array.from({ length: 20 }, () => new TestPeer({ signalling }));
    await Promise.all(
      late.map(async (peer) => {
        await peer.welcome();
        // The first transports may be on the dying worker.
        await expect.poll(() => workerOf(peer)).toBe(1);
        await peer.join(peer.welcomes.at(-1)?.generation ?? 0);
      }),
    );
    await Promise.all([alice, ...late].map((peer) => peer.leave()));
  });

  test('and each that the room moves to, the room is given up, and other rooms are not', async () => {
    const { signalling, pool } = server;
    const alice = await TestPeer.join({ signalling });
    const closed = alice.closed.then(() => true);
    for (let generation = 2; ; generation++) {
      await expect.poll(() => pool.workers.length).toBe(2);
      kill(workerOf(alice));
      const moved = alice.welcome(generation).then(
        () => false,
        () => true,
      );
      if (await Promise.race([closed, moved])) {
        break;
      }
    }
    expect(await alice.closed).toEqual({
      code: closeCodes.tooMany,
      reason: 'the workers of this room keep dying',
    });
    const again = new TestPeer({ signalling });
    expect(await again.closed).toMatchObject({
      code: closeCodes.tooMany,
      reason: expect.stringContaining('it may open again in'),
    });
    const other = await TestPeer.join({ signalling, roomId: 'other' });
    await other.leave();
  });

  test('and then the other one, repeatedly, the room moves each time', async () => {
    const { signalling, pool } = server;
    const alice = await TestPeer.join({ signalling });
    for (let generation = 2; generation < 6; generation++) {
      await expect.poll(() => pool.workers.length).toBe(2);
      kill(workerOf(alice));
      await alice.welcome(generation);
      await alice.join(generation);
      await alice.produce('camera');
    }
    await expect.poll(() => pool.workers.length).toBe(2);
    expect(await workerState(pool)).toMatchObject({ routers: 1 });
    await alice.leave();
    await expect.poll(async () => (await workerState(pool)).routers).toBe(0);
  });
});

test('when the only worker dies, its room waits for the next one, and new rooms are rejected', async () => {
  server = await startTestServer({ MEDIASOUP_NUM_WORKERS: '1' });
  const { signalling } = server;
  const alice = await TestPeer.join({ signalling });
  await untilHeldBack(server.pool);
  const other = new TestPeer({ signalling, roomId: 'other' });
  expect(await other.closed).toEqual({ code: 1012, reason: 'no worker is running' });
  // Only the last of several welcomes can be answered.
  const joined = () =>
    alice.join(alice.welcomes.at(-1)?.generation ?? 0).then(
      () => true,
      () => false,
    );
  await expect.poll(joined).toBe(true);
  expect(alice.welcomes.at(-1)?.generation).toBeGreaterThan(1);
  await alice.leave();
});
