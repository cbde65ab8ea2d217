/** `npm start` as people run it: in a terminal, or by a program that signals it. `STOP_RUNS=50` repeats each. */
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { closeCodes } from '@oneport/protocol';
import { describe, expect, test } from 'vitest';
import { TestPeer } from '../../testkit/clients/test-peer.ts';
import { endWithTest, expectNothingRuns } from '../../testkit/servers/left-behind.ts';
import { type ServerProcess, startServerProcess } from '../../testkit/servers/server-process.ts';

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
});
