import { once } from 'node:events';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { TestPeer } from '../../../testkit/clients/test-peer.ts';
import { untilHeldBack } from '../../../testkit/servers/held-back.ts';
import { startTestServer, type TestServer } from '../../../testkit/servers/test-server.ts';

let server: TestServer;

beforeEach(async () => {
  server = await startTestServer({ MEDIASOUP_NUM_WORKERS: '2' });
});

afterEach(() => server.stop());

test('puts a room on the worker with the fewest transports', async () => {
  const { signalling } = server;
  const first = await TestPeer.join({ signalling, roomId: 'a' });
  const second = await TestPeer.join({ signalling, roomId: 'b', query: { produce: '0' } });
  const load = () => server.pool.workers.map(({ transports }) => transports);
  // A room has a DirectTransport for its data.
  expect(load()).toEqual([3, 2]);
  const third = await TestPeer.join({ signalling, roomId: 'c' });
  expect(load()).toEqual([3, 5]);
  await Promise.all([first.leave(), second.leave(), third.leave()]);
  await expect.poll(load).toEqual([0, 0]);
});

test('replaces a worker that dies, at its place', async () => {
  const { pool } = server;
  const pids = pool.workers.map(({ worker }) => worker.pid);
  process.kill(pids[0] ?? 0, 'SIGKILL');
  await once(pool, 'workerstarted');
  expect(pool.workers.map(({ index }) => index)).toEqual([0, 1]);
  expect(pool.workers[0]?.worker.pid).not.toBe(pids[0]);
  expect(pool.workers[1]?.worker.pid).toBe(pids[1]);
});

test('says that there is no worker, to those who come in between', async () => {
  const { signalling, pool } = server;
  await untilHeldBack(pool);
  const peer = new TestPeer({ signalling });
  expect(await peer.closed).toEqual({ code: 1012, reason: 'no worker is running' });
});

test('ends a worker that hangs', async () => {
  const pids = server.pool.workers.map(({ worker }) => worker.pid);
  process.kill(pids[0] ?? 0, 'SIGSTOP');
  await server.stop();
  for (const pid of pids) {
    expect(() => process.kill(pid, 0)).toThrow('ESRCH');
  }
  server = await startTestServer();
});

test('leaves signals to us: mediasoup would close the workers before anybody was told', () => {
  expect(process.listenerCount('SIGTERM') + process.listenerCount('SIGINT')).toBe(listenersBefore);
});

const listenersBefore = process.listenerCount('SIGTERM') + process.listenerCount('SIGINT');
