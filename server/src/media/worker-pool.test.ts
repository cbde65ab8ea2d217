import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { TestPeer } from '../../../testkit/clients/test-peer.ts';
import { endWithTest } from '../../../testkit/servers/left-behind.ts';
import { startServerProcess } from '../../../testkit/servers/server-process.ts';
import { startTestServer, type TestServer } from '../../../testkit/servers/test-server.ts';
import { untilHeldBack } from '../../../testkit/servers/worker-state.ts';
import { workerPids } from '../../../testkit/system/processes.ts';
import { nobody, restricted, setpriv, workerBin } from '../../../testkit/system/restricted.ts';
import { RespawnBackoff } from './worker-pool.ts';

const signalListeners = () => process.listenerCount('SIGTERM') + process.listenerCount('SIGINT');

describe('a pool of two workers', () => {
  const listenersBefore = signalListeners();
  let server: TestServer;

  beforeEach(async () => {
    server = await startTestServer({ MEDIASOUP_NUM_WORKERS: '2' });
  });

  afterEach(() => server.stop());

  test('selects the worker with the fewest transports for a new room', async () => {
    const { signalling } = server;
    const first = await TestPeer.join({ signalling, roomId: 'a' });
    const second = await TestPeer.join({ signalling, roomId: 'b', query: { produce: '0' } });
    const load = () => server.pool.workers.map(({ transports }) => transports);
    // Each room has a DirectTransport for its data channel.
    expect(load()).toEqual([3, 2]);
    const third = await TestPeer.join({ signalling, roomId: 'c' });
    expect(load()).toEqual([3, 5]);
    await Promise.all([first.leave(), second.leave(), third.leave()]);
    await expect.poll(load).toEqual([0, 0]);
  });

  test('restarts a dead worker with the same index', async () => {
    const { pool } = server;
    const pids = pool.workers.map(({ worker }) => worker.pid);
    process.kill(pids[0] ?? 0, 'SIGKILL');
    await once(pool, 'workerstarted');
    expect(pool.workers.map(({ index }) => index)).toEqual([0, 1]);
    expect(pool.workers[0]?.worker.pid).not.toBe(pids[0]);
    expect(pool.workers[1]?.worker.pid).toBe(pids[1]);
  });

  test('rejects new peers while no worker is running', async () => {
    const { signalling, pool } = server;
    await untilHeldBack(pool, 6);
    const peer = new TestPeer({ signalling });
    expect(await peer.closed).toEqual({ code: 1012, reason: 'no worker is running' });
  });

  test('kills a worker that hangs', async () => {
    const pids = server.pool.workers.map(({ worker }) => worker.pid);
    process.kill(pids[0] ?? 0, 'SIGSTOP');
    await server.stop();
    for (const pid of pids) {
      expect(() => process.kill(pid, 0)).toThrow('ESRCH');
    }
    server = await startTestServer();
  });

  test("removes mediasoup's signal listeners, which would close the workers before draining", () => {
    expect(signalListeners()).toBe(listenersBefore);
  });
});

test.runIf(process.platform === 'linux').each([
  ['file descriptor', 'nofile', /EMFILE/],
  ['process', 'nproc', /EAGAIN/],
])('a server that has no %s for a worker lives, and restarts it later', async (_, limit, error) => {
  // Limits of processes do not apply to root.
  const asNobody = limit === 'nproc' && process.getuid?.() === 0;
  const server = await startServerProcess(
    { LOG_LEVEL: 'info', ...(asNobody && { MEDIASOUP_WORKER_BIN: workerBin }) },
    asNobody ? { command: restricted({ uid: nobody }, 'server/src/main.ts') } : {},
  );
  endWithTest(server);
  expect(server.output()).toMatch(/"files":\d+,.*"msg":"open files limit"/);
  const pid = server.process.pid ?? expect.unreachable();
  const [program = '', ...args] = [...(asNobody ? setpriv({ uid: nobody }) : []), 'prlimit'];
  const limitTo = (soft: string) =>
    execFileSync(program, [...args, '--pid', String(pid), `--${limit}=${soft}:`]);
  const [worker = expect.unreachable()] = workerPids(pid);
  limitTo('1');
  process.kill(worker, 'SIGKILL');
  await expect.poll(server.output).toMatch(/"msg":"failed to restart worker"/);
  expect(server.output()).toMatch(error);
  limitTo('4096');
  await expect.poll(server.output).toMatch(/"msg":"worker restarted"/);
  expect(await (await fetch(`${server.url}/health`)).json()).toMatchObject({ status: 'ok' });
  await server.stop();
});

describe('RespawnBackoff', () => {
  test('doubles up to 10 s while a worker keeps dying', () => {
    const backoff = new RespawnBackoff();
    const delays = Array.from({ length: 10 }, () => {
      backoff.ran(9_999);
      return backoff.next();
    });
    expect(delays).toEqual([0, 100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000]);
  });

  test('starts again at 0 after a worker has run for 10 s', () => {
    const backoff = new RespawnBackoff();
    for (let deaths = 0; deaths < 5; deaths++) {
      backoff.next();
    }
    backoff.ran(10_000);
    expect([backoff.next(), backoff.next()]).toEqual([0, 100]);
  });
});
