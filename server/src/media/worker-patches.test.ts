import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { loadConfig } from '../config/config.ts';
import { StartError } from '../config/start-error.ts';
import { checkWorkerPatches } from './worker-patches.ts';

const wish = { ICE_UFRAG: 'room-and-peer' };

/** @returns the path of a worker that is not there, beside its manifest */
function workerWith(manifest: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'oneport-manifest-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'manifest.json'), manifest);
  return join(folder, 'mediasoup-worker');
}

test('any worker will do when no setting needs a patch', () => {
  checkWorkerPatches(loadConfig({}));
  checkWorkerPatches(loadConfig({ MEDIASOUP_WORKER_BIN: workerWith('nonsense') }));
});

test('a worker with the patch will do', () => {
  const patches = [{ name: 'other.patch' }, { name: 'ice-username-fragment-prefix.patch' }];
  const workerBin = workerWith(JSON.stringify({ mediasoup: '3.27.1', patches }));
  checkWorkerPatches(loadConfig({ ...wish, MEDIASOUP_WORKER_BIN: workerBin }));
});

test.each([
  ['without it', () => workerWith('{"patches":[{"name":"other.patch"}]}'), /needs a worker with/],
  ['without a manifest', () => '/usr/bin/true', /\/usr\/bin\/true has no manifest\.json/],
  ["of mediasoup's own installation", () => '', /mediasoup's own installation/],
  ['whose manifest is broken', () => workerWith('{"patches":{}}'), /is not a worker's manifest/],
])('a worker %s is refused, with the command that builds one', (_, workerBin, message) => {
  const check = () =>
    checkWorkerPatches(loadConfig({ ...wish, MEDIASOUP_WORKER_BIN: workerBin() }));
  expect(check).toThrow(StartError);
  expect(check).toThrow(message);
  expect(check).toThrow(/npm run worker -- --rebuild/);
});
