/**
 * Servers that are told to stop, in every way that there is: what happens to those who are in a call, and what is
 * left behind. `STOP_RUNS=50` does each so often.
 */
import { once } from 'node:events';
import { closeCodes, type Welcome } from '@oneport/protocol';
import { describe, expect, onTestFinished, test } from 'vitest';
import { IcePeer } from '../../testkit/clients/ice-peer.ts';
import { TestPeer } from '../../testkit/clients/test-peer.ts';
import { startWatchedServer, type WatchedServer } from '../../testkit/servers/left-behind.ts';
import { obstacleToSteering } from '../../testkit/servers/steered-host.ts';
import { childrenOf } from '../../testkit/system/processes.ts';
import type { Readiness } from '../src/http/readiness.ts';

const runs = Number(process.env.STOP_RUNS ?? 1);

/** Of one run: starting a server is most of it, and a busy machine takes long for that. */
const timeout = 90_000;

/** Whoever waits for it to pass waits in vain: what ends earlier was ended by something else. */
const aDay = { DRAIN_SECONDS: '86400' };

const modes = [
  { mode: 'single-port', useWebRtcServer: 'true' },
  // By hand: what could stay behind of it is less than of the others.
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

/** A server with a room that one peer is in. */
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

/** Media gets through: the worker answers at the first candidate. */
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

    test('a room that is open may go on, others begin elsewhere', {
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
      expect(late.frames[0]?.message.method, 'first comes what always does').toBe('welcome');

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

    test('a signal to the whole process group takes nothing from the call', {
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

    test('after DRAIN_SECONDS everybody is sent away, to come back', {
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

    test('killed outright, it leaves no worker', { repeats: runs - 1 }, async () => {
      const { server, exit } = await startCall(env);
      server.process.kill('SIGKILL');
      expect(await exit).toEqual([null, 'SIGKILL']);
      await server.expectNothingLeft();
    });
  },
);

describe.runIf(process.platform === 'linux')('in single-port', { timeout }, () => {
  test('where no room is open it stops at once, and says nothing of waiting', async () => {
    const server = await startWatchedServer({ ...aDay, LOG_LEVEL: 'info' });
    const exit = once(server.process, 'exit');
    server.process.kill('SIGINT');
    expect(await exit).toEqual([0, null]);
    expect(server.output()).not.toContain('DRAIN_SECONDS');
    expect(server.output()).toMatch(
      /"signal":"SIGINT","state":"running".*"asked to stop".*"msg":"stopped"/s,
    );
    await server.expectNothingLeft();
  });

  test('it says what it waits for, and how to stop it at once', async () => {
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

  test('workers that are ended too are started again, and the call goes on', async () => {
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

  test('with a worker that hangs, a third signal ends all at once', {
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
