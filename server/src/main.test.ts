import { spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, Server } from 'node:net';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import { TestPeer } from '../../testkit/clients/test-peer.ts';
import { freePorts } from '../../testkit/servers/free-ports.ts';
import { startServerProcess } from '../../testkit/servers/server-process.ts';
import { childrenOf, isRunning } from '../../testkit/system/processes.ts';

const main = fileURLToPath(new URL('main.ts', import.meta.url));

function run(args: string[], env: Record<string, string> = {}) {
  return spawnSync(process.execPath, [main, ...args], {
    env: { ...process.env, ...env },
    encoding: 'utf8',
  });
}

test('--help prints the settings and starts nothing', () => {
  const { status, stdout } = run(['--help']);
  expect(status).toBe(0);
  expect(stdout).toContain('MEDIASOUP_USE_WEBRTC_SERVER');
});

test('a wrong setting stops the start with one message', () => {
  const { status, stdout, stderr } = run([], { HTTP_PORT: 'nonsense' });
  expect(status).toBe(1);
  expect(stdout).toBe('');
  expect(stderr).toBe(
    "oneport can't start:\n" +
      '  HTTP_PORT=nonsense: expected a whole number from 1 to 65535\n' +
      'npm start -- --help shows every setting.\n',
  );
});

/** Ports that no other test uses: they are checked first. */
async function unusedPorts(): Promise<Record<string, string>> {
  const [http, media] = await Promise.all([freePorts(1), freePorts(100)]);
  return { HTTP_PORT: String(http), MEDIASOUP_PORT: String(media), LOG_LEVEL: 'silent' };
}

test('a missing worker stops the start, and the message has the command that gets one', async () => {
  const { status, stderr } = run([], {
    ...(await unusedPorts()),
    MEDIASOUP_WORKER_BIN: '/nowhere',
  });
  expect(status).toBe(1);
  expect(stderr).toMatch(/worker \/nowhere can't be run.*npm start downloads or builds one/);
});

test('a missing worker of mediasoup’s own installation stops the start', async () => {
  const { status, stderr } = run([], {
    ...(await unusedPorts()),
    MEDIASOUP_WORKER_BIN: '',
    // Which is never installed.
    MEDIASOUP_BUILDTYPE: 'Debug',
  });
  expect(status).toBe(1);
  expect(stderr).toMatch(/ The mediasoup worker can't be run: .*`npm run worker`/);
});

test('a worker that is another program stops the start, too', async () => {
  const { status, stderr } = run([], {
    ...(await unusedPorts()),
    MEDIASOUP_WORKER_BIN: '/bin/true',
  });
  expect(status).toBe(1);
  expect(stderr).toMatch(/worker \/bin\/true can't be run.*must be a mediasoup-worker/);
});

test.each([
  ['HTTP_PORT', 'tcp'],
  ['METRICS_PORT', 'tcp'],
  ['MEDIASOUP_PORT', 'tcp'],
  ['MEDIASOUP_PORT', 'udp'],
] as const)('a taken %s (%s) is reported before a worker is started', async (name, protocol) => {
  const [taken, ...others] = await Promise.all([freePorts(1), freePorts(1), freePorts(1)]);
  const names = ['HTTP_PORT', 'METRICS_PORT', 'MEDIASOUP_PORT'].filter((other) => other !== name);
  await occupy(protocol, taken);
  const { status, stderr } = run([], {
    MEDIASOUP_WORKER_BIN: '/nowhere',
    MEDIASOUP_LISTEN_IP: '127.0.0.1',
    MEDIASOUP_NUM_WORKERS: '1',
    ...Object.fromEntries(names.map((other, i) => [other, String(others[i])])),
    [name]: String(taken),
  });
  expect(status).toBe(1);
  expect(stderr).toMatch(
    name === 'MEDIASOUP_PORT'
      ? `Port ${taken}, ${protocol.toUpperCase()}, at 127.0.0.1 is in use.`
      : `${name}=${taken}: in use at 127.0.0.1.`,
  );
});

test('--check checks the settings and starts nothing', () => {
  expect(run(['--check'])).toMatchObject({ status: 0, stdout: '', stderr: '' });
  expect(run(['--check'], { MAX_ROOMS: '-1' }).status).toBe(1);
});

test.each([['--hepl'], ['--help', 'more']])('an unknown argument is rejected: %s', (...args) => {
  const { status, stderr } = run(args);
  expect(status).toBe(1);
  expect(stderr).toContain('unknown argument');
});

test('a worker without a patch that a setting needs stops the start', () => {
  const env = { MEDIASOUP_WORKER_BIN: '/usr/bin/true', ICE_UFRAG: 'room-and-peer' };
  const { status, stderr } = run([], env);
  expect(status).toBe(1);
  expect(stderr).toMatch(/^oneport can't start:\n {2}ICE_UFRAG=room-and-peer needs a worker with/);
  expect(stderr).toContain('npm run worker -- --rebuild');
});

/** Keeps a port until the test has finished. */
async function occupy(protocol: 'tcp' | 'udp', port: number): Promise<void> {
  const holder = protocol === 'tcp' ? createServer() : createSocket('udp4');
  onTestFinished(() => void holder.close());
  if (holder instanceof Server) {
    holder.listen(port, '127.0.0.1');
  } else {
    holder.bind(port, '127.0.0.1');
  }
  await once(holder, 'listening');
}

describe.runIf(process.platform === 'linux')('a signal', () => {
  test.each(['SIGTERM', 'SIGINT'] as const)(
    '%s: the server closes its sockets and leaves no worker',
    async (signal) => {
      const server = await startServerProcess({ MEDIASOUP_NUM_WORKERS: '2' });
      const workers = childrenOf(server.process.pid ?? 0);
      expect(workers).toHaveLength(2);
      const signalling = `${server.url.replace('http', 'ws')}/signalling`;
      const peer = await TestPeer.join({ signalling });

      const exit = once(server.process, 'exit');
      server.process.kill(signal);
      expect(await peer.closed).toEqual({ code: 1012, reason: 'the server is shutting down' });
      expect(await exit).toEqual([0, null]);
      expect(workers.filter(isRunning)).toEqual([]);
    },
  );
});
