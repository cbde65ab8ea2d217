import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect, onTestFinished, test } from 'vitest';
import { type ServerProcess, startServerProcess } from '../../testkit/servers/server-process.ts';
import { childrenOf } from '../../testkit/system/processes.ts';
import {
  nobody,
  restricted,
  setpriv,
  skipWithoutRestricting,
  workerBin,
} from '../../testkit/system/restricted.ts';

const CAP_NET_BIND_SERVICE = 1n << 10n;

async function start(
  ...args: Parameters<typeof startServerProcess>
): Promise<ServerProcess & { pid: number; worker: number }> {
  const server = await startServerProcess(...args);
  onTestFinished(() => server.stop());
  const pid = server.process.pid ?? 0;
  const [worker = 0] = childrenOf(pid);
  return { ...server, pid, worker };
}

/** From proc_pid_status(5). */
function statusOf(pid: number) {
  const status = readFileSync(`/proc/${pid}/status`, 'latin1');
  const field = (name: string) => new RegExp(`^${name}:\\s*(\\w+)$`, 'm').exec(status)?.[1] ?? '';
  return {
    noNewPrivileges: field('NoNewPrivs'),
    bounding: BigInt(`0x${field('CapBnd')}`),
    effective: BigInt(`0x${field('CapEff')}`),
  };
}

test('a worker can gain no privilege, and gets neither secrets nor settings but MEDIASOUP_BATCH', async ({
  skip,
}) => {
  skip(process.getuid?.() !== 0, 'needs root');
  const { pid, worker } = await start({ ANYTHING: 'x', MEDIASOUP_BATCH: '0' });
  expect(statusOf(pid).noNewPrivileges).toBe('1');
  const { noNewPrivileges, bounding, effective } = statusOf(worker);
  expect(noNewPrivileges).toBe('1');
  expect((bounding | effective) & ~CAP_NET_BIND_SERVICE).toBe(0n);
  const names = readFileSync(`/proc/${worker}/environ`, 'latin1')
    .split('\0')
    .map((entry) => entry.replace(/=.*/s, ''));
  expect(names).toContain('MEDIASOUP_VERSION');
  expect(names).toContain('PATH');
  expect(names).toContain('MEDIASOUP_BATCH');
  expect(names.filter((name) => /TOKEN|PORT|LOG|HOME|ANYTHING/.test(name))).toEqual([]);
});

test('another process of the same user reads neither the memory nor the environment of the server', async (context) => {
  skipWithoutRestricting(context);
  const { pid, worker } = await start(
    { MEDIASOUP_WORKER_BIN: workerBin },
    { command: restricted({ uid: nobody }, 'server/src/main.ts') },
  );
  const read = (file: string) => {
    const [program = '', ...args] = [...setpriv({ uid: nobody }), 'cat', file];
    return spawnSync(program, args, { encoding: 'latin1' });
  };
  expect(read(`/proc/${worker}/environ`).stdout).toContain('MEDIASOUP_VERSION=');
  for (const file of ['environ', 'mem', 'maps']) {
    const { stdout, stderr } = read(`/proc/${pid}/${file}`);
    expect(stdout).toBe('');
    expect(stderr).toContain('Permission denied');
  }
});
