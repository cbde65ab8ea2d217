import { randomUUID } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { TestPeer } from '../../../testkit/clients/test-peer.ts';
import { whileStopped } from '../../../testkit/servers/stopped-worker.ts';
import { startTestServer } from '../../../testkit/servers/test-server.ts';

test('a producer whose peer leaves while it is being created is not published, and its id is free', async () => {
  const server = await startTestServer({ MEDIASOUP_NUM_WORKERS: '1' });
  onTestFinished(() => server.stop());
  const { signalling, pool } = server;
  const alice = await TestPeer.join({ signalling });
  const bob = await TestPeer.join({ signalling });
  const producerId = randomUUID();
  const worker = pool.workers[0]?.worker ?? expect.unreachable();
  await whileStopped(worker, async () => {
    alice.produce('camera', { producerId }).catch(() => {});
    // Until the request has been sent.
    await setImmediate();
    await alice.leave();
    await bob.until(() => bob.frames.some(({ message }) => message.method === 'peerClosed'));
  });
  const carol = await TestPeer.join({ signalling });
  const produced = () =>
    carol.produce('camera', { producerId }).then(
      () => true,
      () => false,
    );
  await expect.poll(produced).toBe(true);
  await bob.until(() => bob.batches.length > 0);
  expect(bob.batches.flat()).toHaveLength(1);
  await Promise.all([bob.leave(), carol.leave()]);
});
