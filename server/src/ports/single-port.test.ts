import { once } from 'node:events';
import { expect, onTestFinished, test } from 'vitest';
import { Call } from '../../../testkit/clients/calls.ts';
import { IcePeer } from '../../../testkit/clients/ice-peer.ts';
import { startTestServer } from '../../../testkit/servers/test-server.ts';
import { skipWithPrebuiltWorker } from '../../../testkit/servers/test-worker.ts';
import { dataBytes } from '../../../testkit/servers/webrtc-server-host.ts';
import { dumpOf, receivedByUdp } from '../../../testkit/servers/worker-state.ts';
import type { MediaWorker } from '../media/media-worker.ts';
import { bindingRequest } from '../stun/stun-message.ts';
import { tryBind } from './bind-check.ts';

test('SP-5.2: a worker that dies does not affect the peers of others, and its successor takes over its port and no other state', async (context) => {
  skipWithPrebuiltWorker(context);
  const server = await startTestServer({ MEDIASOUP_NUM_WORKERS: '2' });
  onTestFinished(() => server.stop());
  const { pool, mediaPort } = server;
  const start = async (worker: MediaWorker | undefined) => {
    if (!worker) {
      throw new Error('two were started');
    }
    const peer = await IcePeer.open({ ip: '127.0.0.1', port: mediaPort + worker.index });
    onTestFinished(() => peer.close());
    return await Call.start(worker, peer);
  };
  const [dying, staying] = [await start(pool.workers[0]), await start(pool.workers[1])];
  const died = once(pool, 'workerdied');
  const started = once(pool, 'workerstarted');
  process.kill(dying.worker.worker.pid, 'SIGKILL');
  await died;
  expect([dying, staying].map(({ transport }) => transport.closed)).toEqual([true, false]);
  staying.send();
  const [returned] = await started;
  expect(pool.workers).toEqual([returned, staying.worker]);
  const { ports } = await server.ports.snapshot();
  expect(ports.map(({ workerIndex }) => workerIndex)).toEqual([0, 0, 1, 1]);
  staying.send();
  await staying.check();
  expect(await dataBytes(staying.transport)).toBe(staying.sent.dataBytes);

  // The respawned worker knows neither the old address nor the old ufrag.
  const { peer } = dying;
  const answered = peer.received.length;
  peer.send(bindingRequest(dying.transport.iceParameters));
  dying.send();
  const next = await Call.start(returned, peer);
  expect(peer.received.length).toBe(answered + 1);
  expect(await receivedByUdp(returned.worker)).toMatchObject({
    packets: 3,
    droppedStunWithUnknownUsername: 1,
    droppedDataFromUnknownTuple: 1,
  });
  const { tuples, localIceUsernameFragments } = await dumpOf(returned.worker);
  expect(tuples).toMatchObject([
    { tuple: { remotePort: peer.remote.port }, webRtcTransportId: next.transport.id },
  ]);
  expect(localIceUsernameFragments).toHaveLength(1);
  expect(returned.ports.candidates(next.transport)).toMatchObject([{ port: mediaPort }]);
  expect(await tryBind('tcp', '127.0.0.1', mediaPort)).toBeDefined();
});
