/** Stopping a server in every way: calls continue while it drains, and nothing is left. `STOP_RUNS=50` repeats each test. */
import { once } from 'node:events';
import { createServer } from 'node:net';
import { closeCodes, type Welcome } from '@oneport/protocol';
import { pino } from 'pino';
import { describe, expect, onTestFinished, test } from 'vitest';
import { IcePeer } from '../../testkit/clients/ice-peer.ts';
import { TestPeer } from '../../testkit/clients/test-peer.ts';
import { freePorts } from '../../testkit/servers/free-ports.ts';
import { startWatchedServer, type WatchedServer } from '../../testkit/servers/left-behind.ts';
import { obstacleToSteering } from '../../testkit/servers/shared-port.ts';
import { kernelSockets } from '../../testkit/system/kernel-sockets.ts';
import { childrenOf } from '../../testkit/system/processes.ts';
import { loadConfig } from '../src/config/config.ts';
import type { Readiness } from '../src/http/readiness.ts';
import { startServer } from '../src/server.ts';
import { createLog, type Logger } from '../src/telemetry/log.ts';

const runs = Number(process.env.STOP_RUNS ?? 1);

/** Starting a server takes long on a busy machine. */
const timeout = 90_000;

/** Never passes in a test: what ends before was ended by something else. */
const aDay = { DRAIN_SECONDS: '86400' };

const modes = [
  { mode: 'single-port', useWebRtcServer: 'true' },
  // Only in long runs: multi-port has the least that could be left.
  ...(runs > 1 ? [{ mode: 'multi-port', useWebRtcServer: 'false' }] : []),
  ...(obstacleToSteering() ? [] : [{ mode: 'shared-port', useWebRtcServer: 'shared' }]),
];

interface Call {
  server: WatchedServer;
  signalling: string;
  peer: TestPeer;
  workers: number[];
  exit: Promise<unknown[]>;
}

/** A server with a room with one peer. */
async function startCall(env: Record<string, string>, detached = false): Promise<Call> {
  const server = await startWatchedServer({ MEDIASOUP_NUM_WORKERS: '2', ...env }, { detached });
  const workers = childrenOf(server.process.pid ?? 0);
  expect(workers).toHaveLength(2);
  const signalling = `${server.url.replace('http', 'ws')}/signalling`;
  const peer = await TestPeer.join({ signalling });
  return { server, signalling, peer, workers, exit: once(server.process, 'exit') };
}

async function ready({ server }: Call): Promise<{ status: number; body: Readiness }> {
  const response = await fetch(`${server.url}/ready`);
  return { status: response.status, body: (await response.json()) as Readiness };
}

/** The worker answers at the first candidate. */
async function expectMedia({ sendTransport }: Welcome): Promise<void> {
  const [candidate] = sendTransport?.iceCandidates ?? [];
  if (!sendTransport || !candidate) {
    throw new Error('no transport');
  }
  const ice = await IcePeer.open({ ip: candidate.address, port: candidate.port });
  onTestFinished(() => ice.close());
  expect(await ice.check(sendTransport.iceParameters)).toBe('success');
}

describe.runIf(process.platform === 'linux').each(modes)(
  '$mode',
  { timeout },
  ({ useWebRtcServer }) => {
    const env = { MEDIASOUP_USE_WEBRTC_SERVER: useWebRtcServer };

    test('open rooms continue, and new ones are refused', {
      repeats: runs - 1,
    }, async () => {
      const call = await startCall({ ...env, ...aDay });
      const { server, signalling, peer, exit } = call;
      expect((await ready(call)).status).toBe(200);

      server.process.kill('SIGTERM');
      expect(await peer.notification('serverStopping')).toEqual({ inSeconds: 86400 });
      expect(await ready(call)).toMatchObject({
        status: 503,
        body: { ready: false, reasons: ['the server is shutting down and opens no new rooms'] },
      });
      expect((await fetch(`${server.url}/health`)).status).toBe(200);
      await expectMedia(await peer.welcome());

      const elsewhere = new TestPeer({ signalling, roomId: 'another' });
      expect(await elsewhere.closed).toEqual({
        code: closeCodes.restart,
        reason: 'the server is shutting down and opens no new rooms',
      });

      const late = await TestPeer.join({ signalling });
      expect((await late.notification('serverStopping')).inSeconds).toBeGreaterThan(86000);
      expect(late.frames[0]?.message.method, 'the first message').toBe('welcome');

      const { resumeSecret, generation } = await peer.welcome();
      const { peerId } = peer;
      const query = { resume: resumeSecret };
      const resumed = await TestPeer.join({ signalling, peerId, query });
      expect((await resumed.welcome()).generation).toBe(generation + 1);
      await resumed.notification('serverStopping');
      await expectMedia(await resumed.welcome());

      await Promise.all([resumed.leave(), late.leave()]);
      expect(await exit).toEqual([0, null]);
      await server.expectNothingLeft();
    });

    test('a signal to the whole process group does not end the call', {
      repeats: runs - 1,
    }, async () => {
      const { server, peer, workers, exit } = await startCall({ ...env, ...aDay }, true);
      const pid = server.process.pid ?? 0;
      process.kill(-pid, 'SIGINT');
      await peer.notification('serverStopping');
      expect(childrenOf(pid)).toEqual(workers);
      await expectMedia(await peer.welcome());

      process.kill(-pid, 'SIGTERM');
      expect(await peer.closed).toEqual({
        code: closeCodes.restart,
        reason: 'the server is shutting down',
      });
      expect(await exit).toEqual([0, null]);
      await server.expectNothingLeft();
    });

    test('after DRAIN_SECONDS all peers are told to reconnect', {
      repeats: runs - 1,
    }, async () => {
      const { server, peer, exit } = await startCall({ ...env, DRAIN_SECONDS: '1' });
      server.process.kill('SIGTERM');
      expect(await peer.closed).toEqual({
        code: closeCodes.restart,
        reason: 'the server is shutting down',
      });
      const said = peer.frames.map(({ message }) => message.method);
      expect(said).toContain('serverStopping');
      expect(await exit).toEqual([0, null]);
      await server.expectNothingLeft();
    });

    test('SIGKILL leaves no worker', { repeats: runs - 1 }, async () => {
      const { server, exit } = await startCall(env);
      server.process.kill('SIGKILL');
      expect(await exit).toEqual([null, 'SIGKILL']);
      await server.expectNothingLeft();
    });
  },
);

describe.runIf(process.platform === 'linux')('in single-port', { timeout }, () => {
  test('stops at once without an open room', async () => {
    const server = await startWatchedServer({ ...aDay, LOG_LEVEL: 'info' });
    const exit = once(server.process, 'exit');
    server.process.kill('SIGINT');
    expect(await exit).toEqual([0, null]);
    expect(server.output()).not.toContain('DRAIN_SECONDS');
    expect(server.output()).toMatch(
      /"signal":"SIGINT","state":"running".*"signal received".*"msg":"stopped"/s,
    );
    await server.expectNothingLeft();
  });

  test('prints what it waits for, and how to stop it at once', async () => {
    const { server, peer, exit } = await startCall(aDay);
    server.process.kill('SIGINT');
    await expect
      .poll(server.output)
      .toMatch(/\(1 room, 1 peer\) .* 86400 s .*DRAIN_SECONDS.* Ctrl-C stops it immediately/);
    server.process.kill('SIGINT');
    expect((await peer.closed).code).toBe(closeCodes.restart);
    expect(await exit).toEqual([0, null]);
    await server.expectNothingLeft();
  });

  test('restarts workers that were signalled too, and the call continues', async () => {
    // As systemd does with KillMode=control-group.
    const { server, workers, peer, exit } = await startCall(aDay);
    for (const pid of [server.process.pid ?? 0, ...workers]) {
      process.kill(pid, 'SIGTERM');
    }
    await peer.notification('serverStopping');
    const again = await peer.notification('welcome', ({ generation }) => generation === 2);
    await peer.join(again.generation);
    await expectMedia(again);
    await peer.leave();
    expect(await exit).toEqual([0, null]);
    await server.expectNothingLeft();
  });

  test('a third signal ends the process even if a worker hangs', {
    repeats: runs - 1,
  }, async () => {
    const { server, peer, workers, exit } = await startCall(aDay);
    for (const pid of workers) {
      process.kill(pid, 'SIGSTOP');
    }
    server.process.kill('SIGTERM');
    await peer.notification('serverStopping');
    server.process.kill('SIGTERM');
    await peer.closed;
    server.process.kill('SIGTERM');
    expect(await exit).toEqual([1, null]);
    await server.expectNothingLeft();
  });
});

test.runIf(process.platform === 'linux')(
  'a failed start leaves no worker, no port and no HTTP server',
  { timeout },
  async () => {
    const [first, taken] = [await freePorts(4), createServer()];
    onTestFinished(() => void taken.close());
    const start = (log: Logger) =>
      startServer(
        loadConfig({
          MEDIASOUP_WORKER_BIN: process.env.MEDIASOUP_WORKER_BIN,
          MEDIASOUP_LISTEN_IP: '127.0.0.1',
          MEDIASOUP_NUM_WORKERS: '1',
          MEDIASOUP_PORT: String(first + 1),
          METRICS_PORT: String(first + 2),
          HTTP_PORT: String(first),
        }),
        log,
      );
    const before = childrenOf(process.pid);
    // The last thing to start is HTTP; everything else runs by then. A port that is taken from the beginning is found
    // before.
    const write = (line: string) => {
      if (line.includes('worker started')) {
        taken.listen(first, '127.0.0.1');
      }
    };
    await expect(start(pino({}, { write }))).rejects.toThrow(`HTTP_PORT=${first}: in use`);
    await expect.poll(() => childrenOf(process.pid)).toEqual(before);
    const left = kernelSockets('listening').filter(({ local }) =>
      [first + 1, first + 2].some((port) => local.endsWith(`:${port}`)),
    );
    expect(left).toEqual([]);
    // With the port free, the same settings start, which shows that they were all right.
    await new Promise((resolve) => taken.close(resolve));
    const server = await start(createLog('silent'));
    expect((await fetch(`http://127.0.0.1:${first + 2}/metrics`)).status).toBe(200);
    await server.stop();
    await expect(fetch(`http://127.0.0.1:${first + 2}/metrics`)).rejects.toThrow();
    expect(childrenOf(process.pid)).toEqual(before);
  },
);
