/** `npm start` as people run it: in a terminal, or by a program that signals it. `STOP_RUNS=50` repeats each. */
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { closeCodes } from '@oneport/protocol';
import { describe, expect, test } from 'vitest';
import { TestPeer } from '../../testkit/clients/test-peer.ts';
import { freePorts } from '../../testkit/servers/free-ports.ts';
import { endWithTest, expectNothingRuns } from '../../testkit/servers/left-behind.ts';
import { type ServerProcess, startServerProcess } from '../../testkit/servers/server-process.ts';
import { processesMarked } from '../../testkit/system/processes.ts';

const runs = Number(process.env.STOP_RUNS ?? 1);
const root = join(import.meta.dirname, '../..');
const npmStart = `npm --prefix ${root} start`;

/** A terminal turns it into SIGINT for its foreground process group (termios(3), VINTR). */
const ctrlC = '\x03';

/** Longer than any test. */
const aDay = { DRAIN_SECONDS: '86400' };

/** In a terminal that script(1) emulates. */
async function startInTerminal(): Promise<ServerProcess> {
  const server = await startServerProcess(aDay, {
    command: ['script', '--quiet', '--return', '--flush', '--command', npmStart, '/dev/null'],
    stdin: 'pipe',
  });
  endWithTest(server);
  return server;
}

function joinRoom(server: ServerProcess): Promise<TestPeer> {
  return TestPeer.join({ signalling: `${server.url.replace('http', 'ws')}/signalling` });
}

describe.runIf(process.platform === 'linux')('npm start', { timeout: 120_000 }, () => {
  test('Ctrl-C stops it when no room is open', { repeats: runs - 1 }, async () => {
    const server = await startInTerminal();
    server.process.stdin?.write(ctrlC);
    await expectNothingRuns(server);
  });
  test('the first Ctrl-C drains, the second stops it at once', {
    repeats: runs - 1,
  }, async () => {
    const server = await startInTerminal();
    const peer = await joinRoom(server);
    server.process.stdin?.write(ctrlC);
    await expect.poll(server.output).toContain('Ctrl-C stops it immediately');
    await peer.notification('serverStopping');
    await peer.request('sendChatMessage', { text: 'still here' });
    // The launcher counts signals within 250 ms once.
    do {
      server.process.stdin?.write(ctrlC);
    } while ((await Promise.race([peer.closed, sleep(1_000)])) === undefined);
    expect(await peer.closed).toEqual({
      code: closeCodes.restart,
      reason: 'the server is shutting down',
    });
    await expectNothingRuns(server);
  });
  test('a SIGTERM to npm is passed on, and the call continues', {
    repeats: runs - 1,
  }, async () => {
    const server = await startServerProcess(aDay, { command: ['npm', '--prefix', root, 'start'] });
    endWithTest(server);
    const exit = once(server.process, 'exit');
    const peer = await joinRoom(server);
    server.process.kill('SIGTERM');
    await peer.notification('serverStopping');
    await peer.request('sendChatMessage', { text: 'still here' });
    await peer.leave();
    await exit;
    await expectNothingRuns(server);
  });
  test('after SIGKILL to npm and the launcher, the server drains by itself', {
    repeats: runs - 1,
  }, async () => {
    const server = await startServerProcess(aDay, {
      command: ['npm', '--prefix', root, 'start'],
      detached: true,
    });
    endWithTest(server);
    const peer = await joinRoom(server);
    killGroup(server, 'SIGKILL');
    await peer.notification('serverStopping');
    await peer.request('sendChatMessage', { text: 'still here' });
    await peer.leave();
    await expectNothingRuns(server);
  });
  test('SIGKILL to npm and the launcher while the server drains stops it, though nothing reads its log', {
    repeats: runs - 1,
  }, async () => {
    const server = await startServerProcess(
      { ...aDay, MEDIASOUP_NUM_WORKERS: '2', LOG_LEVEL: 'debug' },
      { command: ['npm', '--prefix', root, 'start'], detached: true },
    );
    endWithTest(server);
    const peer = await joinRoom(server);
    killGroup(server, 'SIGTERM');
    await peer.notification('serverStopping');
    server.process.stdout?.destroy();
    server.process.stderr?.destroy();
    killGroup(server, 'SIGKILL');
    expect((await peer.closed).code).toBe(closeCodes.restart);
    await expectNothingRuns(server);
  });
  test('a launcher that is killed when it has just started the server leaves nothing', {
    repeats: runs - 1,
  }, async () => {
    const mark = randomUUID();
    const launcher = spawn(
      process.execPath,
      [
        '--input-type=module',
        '-e',
        `const { runApart } = await import(${JSON.stringify(join(root, 'scripts/launcher/run.mjs'))});
         runApart(process.execPath, [${JSON.stringify(join(root, 'server/src/main.ts'))}]);
         process.kill(process.pid, 'SIGKILL');`,
      ],
      {
        env: { ...process.env, HTTP_PORT: String(await freePorts(1)), ONEPORT_TEST_LAUNCHER: mark },
        stdio: 'ignore',
      },
    );
    await once(launcher, 'exit');
    await expect
      .poll(() => processesMarked('ONEPORT_TEST_LAUNCHER', mark), { timeout: 60_000 })
      .toEqual([]);
  });
});

/** To the process group of npm and the launcher. The server has its own. */
function killGroup({ process: npm }: ServerProcess, signal: NodeJS.Signals): void {
  process.kill(-(npm.pid ?? expect.unreachable()), signal);
}
