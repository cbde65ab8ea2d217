import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  chmodSync,
  copyFileSync,
  existsSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { basename, dirname, join, resolve } from 'node:path';
import { beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { workerOfTests } from '../../testkit/servers/test-worker.ts';
import { isolateSetUp, temporaryFolder } from '../../testkit/system/temporary-folder.ts';
import { getWorker } from './get-worker.ts';
import { readInputs } from './inputs.ts';
import { readManifest } from './manifest.ts';
import { prebuiltUrl } from './prebuilt.ts';
import { ways } from './ways.ts';

const root = resolve(import.meta.dirname, '../..');
const inputs = readInputs(root);
const prebuilt = ways.filter(({ source }) => source === 'prebuilt');

beforeEach(isolateSetUp);

test('the address is the one that mediasoup itself uses', () => {
  const { version } = inputs.mediasoup;
  expect(prebuiltUrl(inputs, {})).toMatch(
    new RegExp(
      `^https://.*/mediasoup/releases/download/${version}/mediasoup-worker-${version}-.*tgz$`,
    ),
  );
  expect(
    prebuiltUrl(inputs, { MEDIASOUP_WORKER_PREBUILT_DOWNLOAD_BASE_URL: 'http://here' }),
  ).toMatch(`http://here/${version}/mediasoup-worker-`);
});

test('a prebuilt worker is downloaded, verified and reused', async () => {
  const folder = temporaryFolder();
  copyFileSync(workerOfTests(), join(folder, 'mediasoup-worker'));
  const asked = await serve(pack(folder, 'mediasoup-worker'));
  const first = await getWorker(inputs, prebuilt, { env: {} });
  expect(readManifest(first)).toMatchObject({ source: 'prebuilt', patches: [] });
  expect(asked).toEqual([`/${inputs.mediasoup.version}/${basename(prebuiltUrl(inputs))}`]);
  expect(await getWorker(inputs, prebuilt, { env: {} })).toBe(first);
  expect(asked.length).toBe(1);
});

test('rejects a prebuilt worker that does not run here', async () => {
  const folder = temporaryFolder({ 'mediasoup-worker': 'not a program' });
  await serve(pack(folder, 'mediasoup-worker'));
  await expect(getWorker(inputs, prebuilt, { env: {} })).rejects.toThrow(
    /prebuilt worker: the worker does not run here/,
  );
});

test('rejects another worker for the same release than the one that was downloaded before', async () => {
  const folder = temporaryFolder();
  const program = join(folder, 'mediasoup-worker');
  copyFileSync(workerOfTests(), program);
  await serve(pack(folder, 'mediasoup-worker'));
  const first = await getWorker(inputs, prebuilt, { env: {} });
  // Another system release has another folder in the cache.
  rmSync(dirname(first), { recursive: true });
  appendFileSync(program, 'changed');
  await serve(pack(folder, 'mediasoup-worker'));
  await expect(getWorker(inputs, prebuilt, { env: {} })).rejects.toThrow(
    /has the SHA-256 .*had .* when it was downloaded before[\s\S]*remove .*\.tgz\.sha256/,
  );
  expect(existsSync(first)).toBe(false);
});

test('rejects an archive with a link instead of a program', async () => {
  const folder = temporaryFolder({ secret: 'of another user' });
  chmodSync(join(folder, 'secret'), 0o600);
  symlinkSync(join(folder, 'secret'), join(folder, 'mediasoup-worker'));
  await serve(pack(folder, 'mediasoup-worker'));
  await expect(getWorker(inputs, prebuilt, { env: {} })).rejects.toThrow(/has no program in it/);
  expect(statSync(join(folder, 'secret')).mode & 0o777).toBe(0o600);
});

test('a server without a worker for this system is named with its answer', async () => {
  await serve(undefined);
  await expect(getWorker(inputs, prebuilt, { env: {} })).rejects.toThrow(
    /http:\/\/127\.0\.0\.1.*answered 404[\s\S]*MEDIASOUP_WORKER_BIN/,
  );
});

test('a server that is not running is named with the reason', async () => {
  await serve(undefined, { close: true });
  await expect(getWorker(inputs, prebuilt, { env: {} })).rejects.toThrow(
    /can't be reached \(.*ECONNREFUSED/,
  );
});

function pack(folder: string, name: string): Buffer {
  execFileSync('tar', ['-czf', 'packed.tgz', name], { cwd: folder });
  return readFileSync(join(folder, 'packed.tgz'));
}

/**
 * Serves an archive on loopback, and points the download there.
 *
 * @param archive - undefined for a server that has none
 * @param close - end the server at once, so that the port is closed
 * @returns the requested paths, so far
 */
async function serve(archive: Buffer | undefined, { close = false } = {}): Promise<string[]> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? '');
    response.writeHead(archive ? 200 : 404).end(archive);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  vi.stubEnv('MEDIASOUP_WORKER_PREBUILT_DOWNLOAD_BASE_URL', `http://127.0.0.1:${port}`);
  if (close) {
    server.close();
  }
  return asked;
}
