import { afterEach, describe, expect, test } from 'vitest';
import { TestPeer } from '../../../testkit/clients/test-peer.ts';
import { obstacleToSteering } from '../../../testkit/servers/shared-port.ts';
import { startTestServer, type TestServer } from '../../../testkit/servers/test-server.ts';
import { nothingOpen, workerState } from '../../../testkit/servers/worker-state.ts';
import type { MediaWorker } from '../media/media-worker.ts';
import { SharedPort } from '../ports/shared-port/shared-port.ts';
import type { Transport } from '../ports/types.ts';
import { checkEveryMs, type Readiness } from './readiness.ts';

let server: TestServer;

afterEach(() => server.stop());

async function ask(): Promise<{ status: number; body: Readiness }> {
  const response = await fetch(`${server.url}/ready`);
  return { status: response.status, body: (await response.json()) as Readiness };
}

/** Every check creates one router on each worker. */
function countChecks({ worker }: MediaWorker): () => number {
  let checks = 0;
  worker.observer.on('newrouter', () => {
    checks += 1;
  });
  return () => checks;
}

function only<T>(list: readonly T[]): T {
  if (list.length !== 1) {
    throw new Error(`expected one, got ${list.length}`);
  }
  return list[0] as T;
}

const obstacle = obstacleToSteering();
const modes = [
  ['single-port', 'true'],
  ['multi-port', 'false'],
  ...(obstacle ? [] : [['shared-port', 'shared']]),
];

describe.each(modes)('%s', (_name, useWebRtcServer = '') => {
  test('checks each worker at each address, by UDP and TCP, and leaves nothing', async () => {
    server = await startTestServer({
      MEDIASOUP_USE_WEBRTC_SERVER: useWebRtcServer,
      MEDIASOUP_LISTEN_IP: '127.0.0.1,::1',
      MEDIASOUP_NUM_WORKERS: '3',
    });
    const { pool, ports } = server;
    const checks = pool.workers.map(countChecks);
    /** How each worker received requests. */
    const paths = pool.workers.map(({ worker }) => {
      const seen = new Set<string>();
      worker.observer.on('newrouter', (router) =>
        router.observer.on('newtransport', (transport) =>
          (transport as Transport).on('iceselectedtuplechange', (tuple) =>
            seen.add(`${tuple.protocol} ${tuple.localAddress}`),
          ),
        ),
      );
      return seen;
    });
    expect(await ask()).toEqual({
      status: 200,
      body: { ready: true, reasons: [], workers: { running: 3, expected: 3 } },
    });
    expect(checks.map((count) => count())).toEqual([1, 1, 1]);
    // The worker may report the last one after the transport was closed.
    for (const seen of paths) {
      expect([...seen].slice(0, 3)).toEqual(['udp 127.0.0.1', 'udp ::1', 'tcp 127.0.0.1']);
    }

    expect(await workerState(pool)).toEqual(nothingOpen);
    expect(pool.workers.map(({ routers, transports }) => routers + transports)).toEqual([0, 0, 0]);
    const left = (await ports.snapshot()).ports.flatMap(({ transports }) => transports);
    expect(left).toEqual([]);
    if (ports instanceof SharedPort) {
      expect(ports.steering.tables.readUfragsForTesting().size).toBe(0);
    }
  });

  test('reports a worker that hangs, and is ready when it continues', async () => {
    server = await startTestServer({ MEDIASOUP_USE_WEBRTC_SERVER: useWebRtcServer });
    const { worker } = only(server.pool.workers);
    process.kill(worker.pid, 'SIGSTOP');
    try {
      expect(await ask()).toMatchObject({
        status: 503,
        body: { ready: false, reasons: [expect.stringMatching(/^worker 0: .*doesn't answer/)] },
      });
    } finally {
      process.kill(worker.pid, 'SIGCONT');
    }
    await expect.poll(async () => (await ask()).status).toBe(200);
    expect(await workerState(server.pool)).toEqual(nothingOpen);
  });
});

test('checks workers at most once in 2 s, however many requests there are', async () => {
  server = await startTestServer();
  const checks = countChecks(only(server.pool.workers));
  const began = performance.now();
  const burst = await Promise.all(Array.from({ length: 300 }, ask));
  expect(burst.map(({ status }) => status)).toEqual(burst.map(() => 200));
  // On a busy machine, 300 requests may take longer than that.
  const mostChecks = 1 + Math.ceil((performance.now() - began) / checkEveryMs);
  expect(checks()).toBeLessThanOrEqual(mostChecks);
  expect(mostChecks).toBeLessThan(100);
  // And again some time later.
  const before = checks();
  await expect.poll(async () => [(await ask()).status, checks()]).toEqual([200, before + 1]);
});

test.skipIf(obstacle)('checks TCP in shared-port through the demultiplexer', async () => {
  server = await startTestServer({ MEDIASOUP_USE_WEBRTC_SERVER: 'shared' });
  if (!(server.ports instanceof SharedPort)) {
    throw new Error('not shared-port');
  }
  await server.ports.tcpDemultiplexer.close();
  expect((await ask()).body.reasons).toEqual([
    expect.stringMatching(
      `worker 0: tcp 127.0.0.1:${server.mediaPort} answers .* with .*ECONNREFUSED`,
    ),
  ]);
});

test('is not ready when the port range is used up', async () => {
  server = await startTestServer({ MEDIASOUP_USE_WEBRTC_SERVER: 'false' });
  const { worker, ports } = only(server.pool.workers);
  const router = await worker.createRouter();
  await expect(async () => {
    for (;;) {
      await ports.openProbe(router);
    }
  }).rejects.toThrow('no media port is free');
  expect((await ask()).body.reasons).toEqual([expect.stringContaining('no media port is free')]);
});

test('is not ready when the server is full', async () => {
  server = await startTestServer({ MAX_ROOMS: '1' });
  const peer = await TestPeer.join({ signalling: server.signalling });
  expect(await ask()).toMatchObject({
    status: 503,
    body: { reasons: ['the server is full (1 rooms)'] },
  });
  await peer.leave();
  await expect.poll(async () => (await ask()).status).toBe(200);
});

test('/ready and /health report missing workers', async () => {
  server = await startTestServer({ MEDIASOUP_NUM_WORKERS: '2' });
  const health = async () => {
    const response = await fetch(`${server.url}/health`);
    return [response.status, await response.json()];
  };
  const withoutWorkers = async () => {
    for (const { worker } of server.pool.workers) {
      process.kill(worker.pid, 'SIGKILL');
    }
    await expect.poll(() => server.pool.workers.length, { interval: 1 }).toBe(0);
    return await Promise.all([health(), ask()]);
  };
  // The backoff of restarts grows, until it leaves enough time to look.
  await expect.poll(withoutWorkers, { timeout: 20_000 }).toEqual([
    [200, { status: 'no worker', workers: { running: 0, expected: 2 } }],
    {
      status: 503,
      body: {
        ready: false,
        reasons: ['no worker is running'],
        workers: { running: 0, expected: 2 },
      },
    },
  ]);
  await expect.poll(async () => (await ask()).status, { timeout: 20_000 }).toBe(200);
  await expect.poll(health).toEqual([200, { status: 'ok', workers: { running: 2, expected: 2 } }]);
});
