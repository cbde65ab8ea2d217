/** The privilege that each step needs: see docs/shared-port-operation.md. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { freeLowPort, freePorts } from '../../../../../testkit/servers/free-ports.ts';
import {
  skipWithoutSteering,
  usingTakesCapBpf,
} from '../../../../../testkit/servers/shared-port.ts';
import {
  nobody,
  type Rights,
  restricted,
  rightsOf,
  setpriv,
  skipWithoutRestricting,
} from '../../../../../testkit/system/restricted.ts';
import { CAP_BPF } from './system-calls.ts';

beforeEach(skipWithoutRestricting);
beforeEach(skipWithoutSteering);

interface Run {
  rights: Rights | undefined;
  drop?: boolean;
  others?: Record<string, ChildProcess>;
}

async function steps({ rights, drop = false, others = {} }: Run): Promise<Record<string, string>> {
  const ports = [String(await freePorts(1)), String(await freeLowPort())];
  const pids = Object.entries(others).map(([name, { pid }]) => `${name}=${pid}`);
  const [program, ...args] = restricted(rights, 'testkit/servers/privileged-steps.ts');
  const { stdout, stderr } = spawnSync(
    program,
    [...args, ...ports, drop ? 'drop' : 'keep', ...pids],
    { encoding: 'utf8' },
  );
  if (!stdout) {
    throw new Error(stderr);
  }
  return JSON.parse(stdout);
}

const as = (...capabilities: string[]): Rights => ({ uid: nobody, capabilities });

/** The numbers of this process's capabilities. */
function everyCapability(): number[] {
  const { effective } = rightsOf(process.pid);
  return Array.from({ length: 64 }, (_, n) => n).filter((n) => (effective >> BigInt(n)) & 1n);
}
const CAP_SYS_ADMIN = 21;

/** In a container, all ports may be unprivileged. */
const lowestForAll = () =>
  Number(readFileSync('/proc/sys/net/ipv4/ip_unprivileged_port_start', 'utf8'));
const lowPortRefused = () => (lowestForAll() >= 1024 ? 'EACCES' : expect.any(String));

const loading = ['make maps', 'load a program', 'load ours'];
const using = ['bind', 'attach the program', 'change maps', 'copy from a child'];
const all = (names: string[], result: string) =>
  Object.fromEntries(names.map((name) => [name, result]));
const refused = { 'make maps': 'EPERM', 'load a program': 'EPERM', 'load ours': 'StartError' };

test('loads nothing without capabilities', async () => {
  expect(await steps({ rights: as() })).toEqual({
    ...refused,
    bind: 'ok',
    'bind below 1024': lowPortRefused(),
    'copy from a child': 'ok',
  });
});

test('needs only CAP_BPF, except for a low port', async () => {
  expect(await steps({ rights: as('bpf') })).toEqual({
    ...all([...loading, ...using], 'ok'),
    'bind below 1024': lowPortRefused(),
  });
});

test('needs only CAP_BPF and CAP_NET_BIND_SERVICE for a low port', async () => {
  expect(await steps({ rights: as('bpf', 'net_bind_service') })).toEqual(
    all([...loading, ...using, 'bind below 1024'], 'ok'),
  );
});

test('cannot use any other capability instead of CAP_BPF, except CAP_SYS_ADMIN, which includes it', async () => {
  const others = everyCapability().filter((n) => n !== CAP_BPF && n !== CAP_SYS_ADMIN);
  expect(await steps({ rights: as(...others.map((n) => `cap_${n}`)) })).toMatchObject(refused);
  expect(await steps({ rights: as('sys_admin') })).toMatchObject(all([...loading, ...using], 'ok'));
});

test('after giving up root, uses what is loaded (from Linux 5.19 on) and loads nothing more', async () => {
  expect(await steps({ rights: undefined, drop: true })).toEqual({
    ...all([...loading, ...using], 'ok'),
    ...(usingTakesCapBpf() && { 'attach the program': 'StartError', 'change maps': 'EPERM' }),
    'make maps, afterwards': 'EPERM',
    'bind below 1024': lowPortRefused(),
  });
});

describe('a socket cannot be copied', () => {
  async function sleeper(rights: Rights, program = 'sleep'): Promise<ChildProcess> {
    const [command = '', ...args] = [...setpriv(rights), program, '60'];
    const child = spawn(command, args);
    onTestFinished(() => void child.kill());
    await once(child, 'spawn');
    return child;
  }

  test.each([
    ['another uid', { uid: nobody - 1 }],
    ['the same uid with a capability that the copier lacks', as('net_bind_service')],
  ])('from a process of %s', async (_, rights) => {
    const others = { other: await sleeper(rights) };
    expect(await steps({ rights: as('bpf'), others })).toMatchObject({
      'copy from other': 'EPERM',
    });
  });

  test('from a program that its user may execute but not read', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'oneport-unreadable-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    chmodSync(folder, 0o755);
    copyFileSync('/usr/bin/sleep', join(folder, 'sleep'));
    chmodSync(join(folder, 'sleep'), 0o711);
    const others = { other: await sleeper(as(), join(folder, 'sleep')) };
    expect(await steps({ rights: as('bpf'), others })).toMatchObject({
      'copy from other': 'EPERM',
    });
  });
});
