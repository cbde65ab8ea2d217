import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { loadConfig } from '../config/config.ts';
import { StartError } from '../config/start-error.ts';
import { checkWorkerPatches } from './worker-patches.ts';

const setting = { ICE_UFRAG: 'room-and-peer' };

/** @returns the path of a worker that has a manifest, but does not exist */
function workerWith(manifest: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'oneport-manifest-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'manifest.json'), manifest);
  return join(folder, 'mediasoup-worker');
}

test('accepts any worker when no setting needs a patch', () => {
  checkWorkerPatches(loadConfig({}));
  checkWorkerPatches(loadConfig({ MEDIASOUP_WORKER_BIN: workerWith('nonsense') }));
});

test('accepts a worker with the patch', () => {
  const patches = [{ name: 'other.patch' }, { name: 'ice-username-fragment-prefix.patch' }];
  const workerBin = workerWith(JSON.stringify({ mediasoup: '3.27.1', patches }));
  checkWorkerPatches(loadConfig({ ...setting, MEDIASOUP_WORKER_BIN: workerBin }));
});

test.each([
  ['without it', () => workerWith('{"patches":[{"name":"other.patch"}]}'), /needs a worker with/],
  ['without a manifest', () => '/usr/bin/true', /\/usr\/bin\/true has no manifest\.json/],
  ["of mediasoup's own installation", () => '', /mediasoup's own installation/],
  ['with a broken manifest', () => workerWith('{"patches":{}}'), /is not a worker's manifest/],
])('rejects a worker %s, naming the command that builds one', (_, workerBin, message) => {
  const check = () =>
    checkWorkerPatches(loadConfig({ ...setting, MEDIASOUP_WORKER_BIN: workerBin() }));
  expect(check).toThrow(StartError);
  expect(check).toThrow(message);
  expect(check).toThrow(/npm run worker -- --rebuild/);
});
