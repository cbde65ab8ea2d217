import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
} from 'node:fs';
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
  // `npm test` also runs with mediasoup's prebuilt worker.
  await makeRelease({ root, folder, worker, node: process.execPath, acceptHoles: true });
  silent.mockRestore();
}, 180_000);

/** Runs a command in a mount namespace that hides the checkout under an empty file system. */
const withoutCheckout = [
  ...(['unshare', '--mount', 'sh', '-c'] as const),
  ...['mount -t tmpfs none "$1" && shift && exec "$@"', 'sh', root],
] as const;

afterAll(() => rmSync(parent, { recursive: true, force: true }));

test('contains what production needs, and nothing that only development needs', () => {
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
  expect(readdirSync(parent), 'no temporary folder is left').toEqual(['oneport']);
});

test('lists its packages, the worker with its libraries, and Node', () => {
  const bom = JSON.parse(readFileSync(join(folder, 'sbom.cdx.json'), 'utf8'));
  expect(bom).toMatchObject({
    bomFormat: 'CycloneDX',
    metadata: { component: { name: 'oneport' } },
    components: expect.arrayContaining(
      ['mediasoup-worker', 'node'].map((name) =>
        expect.objectContaining({ name, hashes: [expect.objectContaining({ alg: 'SHA-256' })] }),
      ),
    ),
  });
  const names = new Set(
    bom.components.map(({ group, name }: { group?: string; name: string }) =>
      group ? `${group}/${name}` : name,
    ),
  );
  // React is in the built app. libssl-dev is in a worker that was built here.
  expect([...names]).toEqual(expect.arrayContaining(['react', 'mediasoup', 'express']));
  const installed = readdirSync(join(folder, 'node_modules')).filter((name) => !/^[.@]/.test(name));
  expect(installed.filter((name) => !names.has(name))).toEqual([]);
  for (const name of ['vitest', 'typescript', 'vite', 'playwright-core']) {
    expect(names).not.toContain(name);
  }
});

test('is readable by all users and writable by its owner only', () => {
  const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  const modes = paths.map((path) => ({ path, mode: statSync(join(folder, path)).mode }));
  expect(modes.filter(({ mode }) => (mode & 0o022) !== 0 || (mode & 0o444) !== 0o444)).toEqual([]);
});

test('is not made in a folder that is not empty', async () => {
  await expect(makeRelease({ root, folder, worker, acceptHoles: true })).rejects.toThrow(
    /is not empty/,
  );
  expect(existsSync(join(folder, 'bin/oneport'))).toBe(true);
});

test('rejects a worker without our security patches, naming what they close', async () => {
  await expect(makeRelease({ root, folder, worker: '/usr/bin/true' })).rejects.toThrow(
    /dtls-error-queue\.patch: a client whose[\s\S]*npm run worker -- --rebuild.*ONEPORT_WORKER=any/,
  );
});

test('serves a call as an unprivileged user, without the checkout', {
  timeout: 60_000,
}, async (context) => {
  skipWithoutRestricting(context);
  const server = await startServerProcess(
    // Empty, so that the release uses its own worker.
    { MEDIASOUP_WORKER_BIN: '', HOME: '/nowhere' },
    {
      command: [...withoutCheckout, ...setpriv({ uid: nobody }), join(folder, 'bin/oneport')],
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

test('has all files of whois', (context) => {
  skipWithoutRestricting(context);
  const [program, ...args] = [...withoutCheckout, join(folder, 'bin/oneport'), 'whois', '--help'];
  expect(execFileSync(program, args, { encoding: 'utf8' })).toContain('Usage: npm run whois');
});
