import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { loadConfig } from '../config/config.ts';
import { StartError } from '../config/start-error.ts';
import { checkWorkerHash } from './worker-hash.ts';
import { checkWorkerPatches } from './worker-patches.ts';

const setting = { ICE_UFRAG: 'room-and-peer' };

/** @returns the path of a worker that has a manifest, but does not exist */
function workerWith(manifest: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'oneport-manifest-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'manifest.json'), manifest);
  return join(folder, 'mediasoup-worker');
}

const securityPatches = [
  ...['dtls-error-queue.patch', 'dtls-selected-tuple.patch'],
  ...['notification-rate.patch', 'key-frame-request-rate.patch'],
  ...['retransmission-rate.patch', 'publisher-rate.patch'],
];

test('accepts any worker on localhost, and names the holes of one without patches', () => {
  for (const env of [{}, { MEDIASOUP_WORKER_BIN: workerWith('nonsense') }]) {
    const holes = checkWorkerPatches(loadConfig(env));
    expect(holes.map(({ patch }) => patch)).toEqual(securityPatches);
  }
});

test('where other machines can reach the server, a worker without security patches needs ONEPORT_WORKER=any', () => {
  const patched = workerWith(
    JSON.stringify({ patches: securityPatches.map((name) => ({ name })) }),
  );
  for (const env of [{ HTTP_HOST: '0.0.0.0' }, { TRUST_PROXY: 'loopback' }]) {
    expect(() => checkWorkerPatches(loadConfig(env))).toThrow(
      /(HTTP_HOST|TRUST_PROXY) lets other machines .*dtls-error-queue\.patch: a client whose[\s\S]*-- --rebuild.*ONEPORT_WORKER=any/,
    );
    expect(checkWorkerPatches(loadConfig({ ...env, ONEPORT_WORKER: 'any' }))).toHaveLength(
      securityPatches.length,
    );
    expect(checkWorkerPatches(loadConfig({ ...env, MEDIASOUP_WORKER_BIN: patched }))).toEqual([]);
  }
  expect(() => checkWorkerPatches(loadConfig({ ONEPORT_WORKER: 'patched' }))).toThrow(StartError);
});

test('MEDIASOUP_WORKER_SHA256 rejects every other worker', () => {
  const workerBin = '/bin/sh';
  const right = createHash('sha256').update(readFileSync(workerBin)).digest('hex');
  const check = (sha256: string, bin = workerBin) =>
    checkWorkerHash(
      loadConfig({ MEDIASOUP_WORKER_BIN: bin, MEDIASOUP_WORKER_SHA256: sha256 }).media,
    );
  check(right.toUpperCase());
  expect(() => check('0'.repeat(64))).toThrow(`has the SHA-256 ${right}`);
  expect(() => check(right, '/no/such/worker')).toThrow(/can't be read: ENOENT/);
});

test('accepts a worker with the patch', () => {
  const patches = [{ name: 'other.patch' }, { name: 'ice-username-fragment-prefix.patch' }];
  const workerBin = workerWith(JSON.stringify({ mediasoup: '3.27.1', patches }));
  checkWorkerPatches(loadConfig({ ...setting, MEDIASOUP_WORKER_BIN: workerBin }));
});

test.each([
  ['without it', () => workerWith('{"patches":[{"name":"other.patch"}]}'), /needs a worker with/],
  ['without a manifest', () => '/usr/bin/true', /\/usr\/bin\/true has no valid manifest\.json/],
  ["of mediasoup's own installation", () => '', /mediasoup's own installation/],
  ['with a broken manifest', () => workerWith('{"patches":{}}'), /has no valid manifest\.json/],
])('rejects a worker %s, naming the command that builds one', (_, workerBin, message) => {
  const check = () =>
    checkWorkerPatches(loadConfig({ ...setting, MEDIASOUP_WORKER_BIN: workerBin() }));
  expect(check).toThrow(StartError);
  expect(check).toThrow(message);
  expect(check).toThrow(/npm run worker -- --rebuild/);
});
