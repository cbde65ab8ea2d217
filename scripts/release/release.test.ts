import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { TestPeer } from '../../testkit/clients/test-peer.ts';
import { startServerProcess } from '../../testkit/servers/server-process.ts';
import { childrenOf } from '../../testkit/system/processes.ts';
import {
  nobody,
  rightsOf,
  setpriv,
  skipWithoutRestricting,
} from '../../testkit/system/restricted.ts';
import { root } from '../setup/paths.mjs';
import { makeRelease } from './release.ts';

const parent = mkdtempSync(join(tmpdir(), 'oneport-release-'));
const folder = join(parent, 'oneport');
const worker = process.env.MEDIASOUP_WORKER_BIN ?? '';

beforeAll(async () => {
  chmodSync(parent, 0o755);
  const silent = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  await makeRelease({ root, folder, worker, node: process.execPath });
  silent.mockRestore();
}, 180_000);

afterAll(() => rmSync(parent, { recursive: true, force: true }));

test('has what production needs, and none of what development does', () => {
  const modules = readdirSync(join(folder, 'node_modules'));
  expect(modules).toEqual(expect.arrayContaining(['mediasoup', 'express', 'ws', 'zod']));
  for (const name of ['vitest', 'typescript', 'vite', 'react', 'playwright-core', 'node']) {
    expect(modules).not.toContain(name);
  }
  const sources = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(
    (path) => !path.includes('node_modules'),
  );
  expect(sources.filter((path) => /\.test\.|testing|^patches|\.bpf\.c$/.test(path))).toEqual([]);
  expect(sources).toContain(join('app', 'dist', 'index.html'));
  expect(readdirSync(parent), 'nothing is left beside it').toEqual(['oneport']);
});

test('is for everybody to read and for nobody else to write', () => {
  const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  const modes = paths.map((path) => ({ path, mode: statSync(join(folder, path)).mode }));
  expect(modes.filter(({ mode }) => (mode & 0o022) !== 0 || (mode & 0o444) !== 0o444)).toEqual([]);
});

test('is not made where something is', async () => {
  await expect(makeRelease({ root, folder, worker })).rejects.toThrow(
    /has something in it already/,
  );
  expect(existsSync(join(folder, 'bin/oneport'))).toBe(true);
});

test('serves a call as somebody without rights, when the checkout is gone', async (context) => {
  skipWithoutRestricting(context);
  // In a mount namespace of its own an empty folder lies over the checkout.
  const hidden = 'mount -t tmpfs none "$1" && shift && exec "$@"';
  const server = await startServerProcess(
    // Not the worker of these tests: its own.
    { MEDIASOUP_WORKER_BIN: '', HOME: '/nowhere' },
    {
      command: [
        ...(['unshare', '--mount', 'sh', '-c', hidden, 'sh', root] as const),
        ...setpriv({ uid: nobody }),
        join(folder, 'bin/oneport'),
      ],
    },
  );
  onTestFinished(() => server.stop());
  expect(rightsOf(server.process.pid ?? 0)).toMatchObject({ uids: [nobody], effective: 0n });
  const [workerPid = 0] = childrenOf(server.process.pid ?? 0);
  expect(execFileSync('readlink', [`/proc/${workerPid}/exe`], { encoding: 'utf8' })).toBe(
    `${join(folder, 'worker/mediasoup-worker')}\n`,
  );
  expect((await fetch(server.url)).status).toBe(200);
  const peer = await TestPeer.join({
    signalling: `${server.url.replace('http', 'ws')}/signalling`,
  });
  await peer.produce('camera');
  await peer.leave();
});
