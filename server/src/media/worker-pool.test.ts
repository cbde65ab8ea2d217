import { afterEach, beforeEach, expect, test } from 'vitest';
import { TestPeer } from '../testing/test-peer.ts';
import { startTestServer, type TestServer } from '../testing/test-server.ts';

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

test('replaces a worker that dies, at its place; others notice nothing', async () => {
  const { signalling, pool, mediaPort } = server;
  const doomed = await TestPeer.join({ signalling, roomId: 'a' });
  const other = await TestPeer.join({ signalling, roomId: 'b' });
  const pids = pool.workers.map(({ worker }) => worker.pid);

  process.kill(pids[0] ?? 0, 'SIGKILL');
  expect(await doomed.closed).toMatchObject({ code: 1012 });
  await other.request('sendChatMessage', { text: 'undisturbed' });
  await expect.poll(() => pool.workers.length).toBe(2);
  expect(pool.workers[0]?.worker.pid).not.toBe(pids[0]);
  expect(pool.workers[1]?.worker.pid).toBe(pids[1]);

  const again = await TestPeer.join({ signalling, roomId: 'a' });
  const { sendTransport } = await again.welcome();
  expect(sendTransport?.iceCandidates[0]?.port).toBe(mediaPort);
  await Promise.all([again.leave(), other.leave()]);
});

test('says that there is no worker, to those who come in between', async () => {
  const { signalling, pool } = server;
  for (const { worker } of pool.workers) process.kill(worker.pid, 'SIGKILL');
  await expect.poll(() => pool.workers.length).toBe(0);
  const peer = new TestPeer({ signalling });
  expect(await peer.closed).toEqual({ code: 1012, reason: 'no worker is running' });
});

test('ends a worker that hangs', async () => {
  const pids = server.pool.workers.map(({ worker }) => worker.pid);
  process.kill(pids[0] ?? 0, 'SIGSTOP');
  await server.stop();
  for (const pid of pids) expect(() => process.kill(pid, 0)).toThrow('ESRCH');
  server = await startTestServer();
});

test('leaves signals to us: mediasoup would close the workers before anybody was told', () => {
  expect(process.listenerCount('SIGTERM') + process.listenerCount('SIGINT')).toBe(listenersBefore);
});

const listenersBefore = process.listenerCount('SIGTERM') + process.listenerCount('SIGINT');
