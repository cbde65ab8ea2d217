/** A log that can't be written stops neither calls nor the end of the server. */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  constants,
  openSync,
  readFileSync,
  readlinkSync,
  truncateSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test, vi } from 'vitest';
import { TestPeer } from '../../testkit/clients/test-peer.ts';
import { freePorts } from '../../testkit/servers/free-ports.ts';
import { endWithTest, expectNothingRuns } from '../../testkit/servers/left-behind.ts';
import { scrape, valueIn } from '../../testkit/servers/scrape.ts';
import { type ServerProcess, startServerProcess } from '../../testkit/servers/server-process.ts';
import { temporaryFolder } from '../../testkit/system/temporary-folder.ts';

const { O_RDONLY, O_RDWR, O_WRONLY, O_CREAT, O_APPEND, O_NONBLOCK } = constants;
const main = fileURLToPath(new URL('../src/main.ts', import.meta.url));

/** Every message is logged, and the server drains until its peers have left. */
const logged = { LOG_LEVEL: 'debug', DRAIN_SECONDS: '86400' };

/** Stops a terminal's output (termios(3), VSTOP). */
const ctrlS = '\x13';

// Starting a server takes long on a busy machine.
vi.setConfig({ testTimeout: 90_000 });

interface Destination {
  /** For the server's standard output. */
  fd: number;
  fail(): void;
  /** Whether failed writes drop lines at once. */
  drops: boolean;
}

/** A file on a disk of its own, of 64 KiB. */
function smallDisk(): { fd: number; path: string; fillUp(): void; makeRoom(): void } {
  const folder = temporaryFolder();
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'none', folder]);
  onTestFinished(() => void execFileSync('umount', ['--lazy', folder]));
  const [path, filler] = [join(folder, 'log'), join(folder, 'filler')];
  return {
    path,
    fd: open(path, O_WRONLY | O_CREAT | O_APPEND),
    fillUp: () => fill(open(filler, O_WRONLY | O_CREAT)),
    makeRoom: () => truncateSync(filler),
  };
}

const destinations: Record<string, () => Destination> = {
  'a device that is always full': () => ({
    fd: open('/dev/full', O_WRONLY),
    fail: () => undefined,
    drops: true,
  }),
  'a pipe whose reader hangs': () => {
    const path = fifo();
    const reader = open(path, O_RDWR | O_NONBLOCK);
    return { fd: open(path, O_WRONLY), fail: () => fill(reader), drops: false };
  },
  'a pipe whose reader is gone': () => {
    const path = fifo();
    const reader = openSync(path, O_RDONLY | O_NONBLOCK);
    return { fd: open(path, O_WRONLY), fail: () => closeSync(reader), drops: true };
  },
};

interface Call {
  server: ServerProcess;
  peers: [TestPeer, TestPeer];
}

interface CountedCall extends Call {
  dropped(): Promise<number | undefined>;
}

async function startCall(stdout: number): Promise<CountedCall> {
  const metricsPort = await freePorts(1);
  const server = await startServerProcess(
    { ...logged, METRICS_PORT: String(metricsPort) },
    { stdout },
  );
  endWithTest(server);
  return {
    server,
    peers: [await joinRoom(server), await joinRoom(server)],
    dropped: async () =>
      valueIn(await scrape(`http://127.0.0.1:${metricsPort}/metrics`))(
        'oneport_log_lines_dropped_total',
      ),
  };
}

function joinRoom(server: ServerProcess): Promise<TestPeer> {
  return TestPeer.join({ signalling: `${server.url.replace('http', 'ws')}/signalling` });
}

/** Another peer joins and leaves, which is logged, and the call's peers see it. */
async function expectCallContinues({ server, peers: [alice, bob] }: Call): Promise<void> {
  const late = await joinRoom(server);
  await bob.notification('newPeer', ({ peerId }) => peerId === late.peerId);
  await late.leave();
  await bob.notification('peerClosed', ({ peerId }) => peerId === late.peerId);
  await alice.request('sendChatMessage', { text: 'still here' });
  expect((await fetch(`${server.url}/health`)).status).toBe(200);
}

async function untilLinesAreDropped(call: CountedCall): Promise<void> {
  await expect
    .poll(async () => {
      await expectCallContinues(call);
      return call.dropped();
    })
    .toBeGreaterThan(0);
}

async function expectEnd({ server, peers }: Call): Promise<void> {
  const exit = once(server.process, 'exit');
  await Promise.all(peers.map((peer) => peer.leave()));
  expect(await exit).toEqual([0, null]);
  await expectNothingRuns(server);
}

test.runIf(process.platform === 'linux').each(Object.entries(destinations))(
  '%s',
  async (_name, make) => {
    const { fd, fail, drops } = make();
    const call = await startCall(fd);
    fail();
    await expectCallContinues(call);
    if (drops) {
      await untilLinesAreDropped(call);
    }
    call.server.process.kill('SIGTERM');
    await call.peers[0].notification('serverStopping');
    await expectCallContinues(call);
    await expectEnd(call);
  },
);

test.runIf(process.platform === 'linux' && process.getuid?.() === 0)(
  'a full disk that has room again: the log continues, and tells how many lines are missing',
  async () => {
    const { fd, path, fillUp, makeRoom } = smallDisk();
    const call = await startCall(fd);
    fillUp();
    await untilLinesAreDropped(call);
    makeRoom();
    await expectCallContinues(call);
    await expect.poll(() => readFileSync(path, 'utf8')).toContain('log lines dropped');
    const lines = readFileSync(path, 'utf8').split('\n');
    const report = lines.find((line) => line.includes('log lines dropped')) ?? '';
    expect(JSON.parse(report)).toMatchObject({ level: 'warn', lines: await call.dropped() });
    fillUp();
    call.server.process.kill('SIGTERM');
    await expectEnd(call);
  },
);

test.runIf(process.platform === 'linux')('a terminal that Ctrl-S has stopped', async () => {
  const server = await startServerProcess(logged, {
    command: ['script', '-qefc', `${process.execPath} ${main}`, '/dev/null'],
    stdin: 'pipe',
  });
  endWithTest(server);
  const peers: Call['peers'] = [await joinRoom(server), await joinRoom(server)];
  server.process.stdin?.write(ctrlS);
  await expectCallContinues({ server, peers });
  // Ctrl-C would start the terminal again.
  const [pid] = server
    .running()
    .filter((running) => readlinkSync(`/proc/${running}/exe`) === process.execPath);
  process.kill(pid ?? expect.unreachable(), 'SIGTERM');
  await expectEnd({ server, peers });
});

function open(path: string, flags: number): number {
  const fd = openSync(path, flags);
  onTestFinished(() => closeSync(fd));
  return fd;
}

function fifo(): string {
  const path = join(temporaryFolder(), 'log');
  execFileSync('mkfifo', [path]);
  return path;
}

/** Writes until nothing more fits. */
function fill(fd: number): void {
  try {
    for (;;) {
      writeSync(fd, Buffer.alloc(4096));
    }
  } catch (error) {
    expect((error as NodeJS.ErrnoException).code).toMatch(/^(EAGAIN|ENOSPC)$/);
  }
}
