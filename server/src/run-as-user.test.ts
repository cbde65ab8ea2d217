/** The server with the privileges that docs/shared-port-operation.md lists, and without them. */
import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { IcePeer } from '../../testkit/clients/ice-peer.ts';
import { TestPeer } from '../../testkit/clients/test-peer.ts';
import { freeLowPort, freePorts } from '../../testkit/servers/free-ports.ts';
import { type ServerProcess, startServerProcess } from '../../testkit/servers/server-process.ts';
import { skipWithoutSteering, usingTakesCapBpf } from '../../testkit/servers/shared-port.ts';
import { childrenOf, isRunning, processesMarked } from '../../testkit/system/processes.ts';
import {
  nobody,
  type Rights,
  restricted,
  rightsOf,
  skipWithoutRestricting,
  workerBin,
} from '../../testkit/system/restricted.ts';

beforeEach(skipWithoutRestricting);
beforeEach(skipWithoutSteering);

const shared = { MEDIASOUP_USE_WEBRTC_SERVER: 'shared', MEDIASOUP_WORKER_BIN: workerBin };
const as = (...capabilities: string[]): Rights => ({ uid: nobody, capabilities });
const CAP_BPF = 1n << 39n;
const CAP_NET_BIND_SERVICE = 1n << 10n;

async function start(rights: Rights | undefined, env: Record<string, string> = {}) {
  const server = await startServerProcess(
    { ...shared, ...env },
    { command: restricted(rights, 'server/src/main.ts') },
  );
  onTestFinished(() => server.stop());
  const pid = server.process.pid ?? 0;
  return { ...server, pid, mediaPort: Number(env.MEDIASOUP_PORT ?? server.mediaPort) };
}

/** A start that must fail and leave no process. */
async function fail(rights: Rights | undefined, env: Record<string, string> = {}) {
  const [program, ...args] = restricted(rights, 'server/src/main.ts');
  const [MEDIASOUP_PORT, HTTP_PORT] = [String(await freePorts(1)), String(await freePorts(1))];
  const mark = randomUUID();
  const { status, stdout, stderr } = spawnSync(program, args, {
    env: {
      ...{ ...process.env, ...shared, MEDIASOUP_LISTEN_IP: '127.0.0.1', LOG_LEVEL: 'fatal' },
      ...{ MEDIASOUP_NUM_WORKERS: '2', MEDIASOUP_PORT, HTTP_PORT, INVOCATION_ID: mark, ...env },
    },
    encoding: 'utf8',
    timeout: 60_000,
  });
  expect(processesMarked('INVOCATION_ID', mark)).toEqual([]);
  expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
  expect(stderr).toMatch(/^oneport can't start:\n {2}\S/);
  // A message for people has no stack trace.
  expect(stderr).not.toMatch(/^\s+at /m);
  return stderr;
}

/** A peer joins, and its transport answers at the shared port. */
async function expectMedia({ url, mediaPort }: ServerProcess): Promise<void> {
  const peer = await TestPeer.join({ signalling: `${url.replace('http', 'ws')}/signalling` });
  onTestFinished(() => peer.socket.terminate());
  const { sendTransport } = await peer.welcome();
  const ice = await IcePeer.open({ ip: '127.0.0.1', port: mediaPort });
  onTestFinished(() => ice.close());
  if (!sendTransport) {
    throw new Error('no transport');
  }
  expect(await ice.check(sendTransport.iceParameters)).toBe('success');
}

/** Kills a worker and waits for its replacement. */
async function expectRespawn({ pid, url }: { pid: number; url: string }): Promise<number> {
  const [worker = 0] = childrenOf(pid);
  process.kill(worker, 'SIGKILL');
  return await vi.waitFor(
    async () => {
      const response = await fetch(`${url}/health`);
      expect(await response.json()).toMatchObject({ status: 'ok' });
      const [next = worker] = childrenOf(pid);
      expect(next).not.toBe(worker);
      return next;
    },
    { timeout: 10_000, interval: 100 },
  );
}

test('without capabilities: the message says what is missing, how to get it, and what works without', async () => {
  const message = await fail(as());
  expect(message).toContain('the kernel refused bpf(BPF_MAP_CREATE): EPERM');
  expect(message).toContain('The server needs CAP_BPF');
  expect(message).toContain('AmbientCapabilities=CAP_BPF in');
  expect(message).toContain('MEDIASOUP_USE_WEBRTC_SERVER=true (a port for each worker) needs none');
});

test('root in a user namespace: the message says that CAP_BPF has no effect there', async () => {
  const [program, ...args] = restricted(undefined, 'server/src/main.ts');
  const { status, stderr } = spawnSync('unshare', ['--user', '--map-root-user', program, ...args], {
    env: { ...process.env, ...shared, MEDIASOUP_LISTEN_IP: '127.0.0.1' },
    encoding: 'utf8',
    timeout: 60_000,
  });
  expect(status).toBe(1);
  expect(stderr).toContain(
    'though this process has CAP_BPF.\n  CAP_BPF has no effect inside a user namesp',
  );
});

test('with CAP_BPF only: the server runs, its workers have no capability, and a killed worker is replaced', async () => {
  const server = await start(as('bpf'));
  const [worker = 0] = childrenOf(server.pid);
  expect(rightsOf(server.pid)).toEqual({ uids: [nobody], groups: [], effective: CAP_BPF });
  expect(rightsOf(worker)).toEqual({ uids: [nobody], groups: [], effective: 0n });
  await expectMedia(server);
  await expectRespawn(server);
  await expectMedia(server);
});

test('RUN_AS_USER where using maps needs CAP_BPF: the message says so, and what to do', async ({
  skip,
}) => {
  skip(!usingTakesCapBpf(), 'needs Linux before 5.19, with kernel.unprivileged_bpf_disabled on');
  const message = await fail(undefined, { RUN_AS_USER: 'nobody' });
  expect(message).toContain('(BPF_MAP_UPDATE_ELEM): EPERM after CAP_BPF was given up.');
  expect(message).toContain('AmbientCapabilities=CAP_BPF in a systemd unit');
  expect(message).toContain('kernel.unprivileged_bpf_disabled to 0');
});

test('RUN_AS_USER: drops root for good, serves peers, and replaces a killed worker', async ({
  skip,
}) => {
  skip(usingTakesCapBpf(), 'needs Linux 5.19, or kernel.unprivileged_bpf_disabled off');
  const server = await start(undefined, { RUN_AS_USER: 'nobody' });
  const [worker = 0] = childrenOf(server.pid);
  for (const pid of [server.pid, worker]) {
    expect(rightsOf(pid)).toMatchObject({ uids: [nobody], effective: 0n });
    expect(rightsOf(pid).groups).not.toContain(0);
  }
  await expectMedia(server);
  expect(rightsOf(await expectRespawn(server))).toMatchObject({ uids: [nobody], effective: 0n });
  await expectMedia(server);
});

test('RUN_AS_USER: SIGTERM stops the server and its workers', async ({ skip }) => {
  skip(usingTakesCapBpf(), 'needs Linux 5.19, or kernel.unprivileged_bpf_disabled off');
  const server = await start(undefined, { RUN_AS_USER: 'nobody', MEDIASOUP_NUM_WORKERS: '2' });
  const workers = childrenOf(server.pid);
  expect(workers).toHaveLength(2);
  const exit = once(server.process, 'exit');
  server.process.kill('SIGTERM');
  expect(await exit).toEqual([0, null]);
  expect(workers.filter(isRunning)).toEqual([]);
});

/** A copy of the worker that each user may execute. */
function copyOfWorker(): string {
  const folder = mkdtempSync(join(tmpdir(), 'oneport-worker-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  cpSync(dirname(process.env.MEDIASOUP_WORKER_BIN ?? ''), folder, { recursive: true });
  chmodSync(folder, 0o755);
  return join(folder, basename(workerBin));
}

test('a worker whose file has capabilities gets none of them', async ({ skip }) => {
  const MEDIASOUP_WORKER_BIN = copyOfWorker();
  const { status, stderr, error } = spawnSync('setcap', ['cap_net_raw+ep', MEDIASOUP_WORKER_BIN], {
    encoding: 'utf8',
  });
  if (status !== 0) {
    skip(`setcap: ${error ?? stderr}`);
  }
  const server = await start({ ...as('bpf'), bounding: ['net_raw'] }, { MEDIASOUP_WORKER_BIN });
  const [worker = 0] = childrenOf(server.pid);
  expect(rightsOf(worker).effective).toBe(0n);
  await expectMedia(server);
});

test('a worker whose file is unreadable: the message says that its socket can’t be copied', async () => {
  const MEDIASOUP_WORKER_BIN = copyOfWorker();
  chmodSync(MEDIASOUP_WORKER_BIN, 0o711);
  const message = await fail(as('bpf'), { MEDIASOUP_WORKER_BIN });
  expect(message).toMatch(/cannot copy a worker's socket \(.*(EPERM|EACCES)/);
  expect(message).toContain('docker run --cap-add SYS_PTRACE');
});

describe('a port below 1024', () => {
  beforeEach(({ skip }) => {
    const file = '/proc/sys/net/ipv4/ip_unprivileged_port_start';
    if (Number(readFileSync(file, 'utf8')) < 1024) {
      skip(`${file} allows low ports for every process`);
    }
  });

  test.each([
    ['CAP_BPF only', as('bpf'), {}],
    ['RUN_AS_USER', undefined, { RUN_AS_USER: 'nobody' }],
  ])('is refused with %s, and the message says what it needs', async (_, rights, env) => {
    const port = await freeLowPort();
    const message = await fail(rights, { ...env, MEDIASOUP_PORT: String(port) });
    expect(message).toContain(`MEDIASOUP_PORT=${port}: cannot listen at 127.0.0.1, UDP (EACCES).`);
    expect(message).toContain('AmbientCapabilities=CAP_NET_BIND_SERVICE');
    expect(message).toContain(`sysctl net.ipv4.ip_unprivileged_port_start=${port}`);
  });

  test('is refused without capabilities, and the first message lists all that are needed', async () => {
    const port = await freeLowPort();
    const message = await fail(as(), { MEDIASOUP_PORT: String(port) });
    expect(message).toContain(`need CAP_NET_BIND_SERVICE for port ${port}`);
    expect(message).toContain('AmbientCapabilities=CAP_BPF CAP_NET_BIND_SERVICE');
    expect(message).toContain('--ambient-caps +bpf,+net_bind_service');
    expect(message).toContain(`sysctl net.ipv4.ip_unprivileged_port_start=${port}`);
  });

  test('is refused for HTTP, too', async () => {
    const port = await freeLowPort();
    const message = await fail(as('bpf'), { HTTP_PORT: String(port) });
    expect(message).toContain(`HTTP_PORT=${port}: can't listen at 127.0.0.1 (EACCES). Ports below`);
  });

  test('is available with CAP_NET_BIND_SERVICE, to workers as well', async () => {
    const MEDIASOUP_PORT = String(await freeLowPort());
    const server = await start(as('bpf', 'net_bind_service'), { MEDIASOUP_PORT });
    const [worker = 0] = childrenOf(server.pid);
    expect(rightsOf(worker).effective).toBe(CAP_NET_BIND_SERVICE);
    await expectMedia(server);
    await expectRespawn(server);
    await expectMedia(server);
  });
});

describe('RUN_AS_USER is refused', () => {
  test('for an unknown user', async () => {
    const message = await fail(undefined, { RUN_AS_USER: 'oneport-no-such-user' });
    expect(message).toContain('RUN_AS_USER=oneport-no-such-user: no such user.');
  });

  test('without root', async () => {
    const message = await fail(as('bpf'), { RUN_AS_USER: 'root' });
    expect(message).toContain('RUN_AS_USER=root: only root can become another user.');
  });

  test('without the capabilities to become another user', async () => {
    const message = await fail({ uid: 0, capabilities: ['bpf'] }, { RUN_AS_USER: 'nobody' });
    expect(message).toContain('root needs CAP_SETGID and CAP_SETUID');
  });

  test('if the user has no access to the worker', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'oneport-closed-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    mkdirSync(join(folder, 'worker'));
    const MEDIASOUP_WORKER_BIN = join(folder, 'worker', 'mediasoup-worker');
    writeFileSync(MEDIASOUP_WORKER_BIN, '', { mode: 0o755 });
    chmodSync(folder, 0o700);
    // In single-port, because there the worker needs no manifest.
    const env = { RUN_AS_USER: 'nobody', MEDIASOUP_USE_WEBRTC_SERVER: 'true' };
    const message = await fail(undefined, { ...env, MEDIASOUP_WORKER_BIN });
    expect(message).toContain(`RUN_AS_USER=nobody has no access to ${MEDIASOUP_WORKER_BIN}`);
  });
});
