import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { isolateSetUp, temporaryFolder } from '../../testkit/system/temporary-folder.ts';
import { SetUpError } from '../setup/set-up-error.mjs';
import { store } from './cache.ts';
import { findWorker, getWorker } from './get-worker.ts';
import { hashOf } from './hashes.ts';
import { readInputs, type Source } from './inputs.ts';
import { isWanted, ninjaProgress, type Way } from './ways.ts';

const inputs = readInputs(resolve(import.meta.dirname, '../..'));

beforeEach(isolateSetUp);

test('the ways are tried in order until one succeeds', async () => {
  const tried: Source[] = [];
  const ways = [failing('prebuilt', tried), succeeding('debian', tried), failing('wraps', tried)];
  expect(await getWorker(inputs, ways, { env: {} })).toMatch(/debian.*mediasoup-worker$/);
  expect(tried).toEqual(['prebuilt', 'debian']);
  await getWorker(inputs, ways, { env: {} });
  expect(tried).toEqual(['prebuilt', 'debian']);
});

test('when all ways fail, one message has the reason of each', async () => {
  const ways = [failing('prebuilt'), failing('debian'), failing('wraps')];
  await expect(getWorker(inputs, ways, { env: {} })).rejects.toThrow(
    /These ways were tried:\n- the way prebuilt: no prebuilt here\n- .*no debian here\n- .*no wraps here\n.*MEDIASOUP_WORKER_BIN/,
  );
});

test('a bug of ours does not count as a way that fails', async () => {
  const way: Way = { ...failing('debian'), get: () => Promise.reject(new TypeError('a bug')) };
  await expect(getWorker(inputs, [way, succeeding('wraps')], { env: {} })).rejects.toThrow('a bug');
});

test('rebuild ignores the cache', async () => {
  const tried: Source[] = [];
  const ways = [succeeding('debian', tried)];
  await getWorker(inputs, ways, { env: {} });
  await getWorker(inputs, ways, { env: { MEDIASOUP_WORKER_BIN: '/bin/true' }, rebuild: true });
  expect(tried).toEqual(['debian', 'debian']);
});

test('findWorker finds a cached worker and makes none', async () => {
  const tried: Source[] = [];
  const ways = [succeeding('debian', tried)];
  expect(findWorker(inputs, ways, {})).toBeUndefined();
  expect(tried).toEqual([]);
  const binary = await getWorker(inputs, ways, { env: {} });
  expect(findWorker(inputs, ways, {})).toBe(binary);
  expect(findWorker(inputs, [], { MEDIASOUP_WORKER_BIN: '/bin/true' })).toBe('/bin/true');
});

test('uses the worker that MEDIASOUP_WORKER_BIN names', async () => {
  const own = join(temporaryFolder({ own: '#!/bin/sh\n' }), 'own');
  const env = { MEDIASOUP_WORKER_BIN: own };
  await expect(getWorker(inputs, [], { env })).rejects.toThrow(
    /MEDIASOUP_WORKER_BIN is.*own.*EACCES/,
  );
  chmodSync(own, 0o755);
  expect(await getWorker(inputs, [], { env })).toBe(own);
  await expect(
    getWorker(inputs, [], { env: { MEDIASOUP_WORKER_BIN: '/no/such/worker' } }),
  ).rejects.toThrow(/no such file[\s\S]*unset the variable/);
});

test('MEDIASOUP_WORKER_SHA256 refuses every other worker, and names both hashes', async () => {
  const ways = [succeeding('prebuilt'), succeeding('debian')];
  const own = join(temporaryFolder({ own: 'debian' }), 'own');
  chmodSync(own, 0o755);
  const env = { MEDIASOUP_WORKER_SHA256: hashOf(readFileSync(own)).toUpperCase() };
  const binary = await getWorker(inputs, ways, { env });
  expect(readFileSync(binary, 'utf8')).toBe('debian');
  expect(await getWorker(inputs, [], { env: { ...env, MEDIASOUP_WORKER_BIN: own } })).toBe(own);
  await expect(getWorker(inputs, [succeeding('wraps')], { env })).rejects.toThrow(
    new RegExp(
      `SHA-256 ${hashOf(Buffer.from('wraps'))}, but .* requires ${hashOf(readFileSync(own))}`,
    ),
  );
  await expect(
    getWorker(inputs, [], { env: { ...env, MEDIASOUP_WORKER_BIN: '/bin/true' } }),
  ).rejects.toThrow(/requires/);
  await expect(
    getWorker(inputs, ways, { env: { MEDIASOUP_WORKER_SHA256: 'abc' } }),
  ).rejects.toThrow(/abc: expected 64 hexadecimal digits/);
});

test('a request for patches or for libraries excludes the prebuilt worker', () => {
  const wanted = (env: NodeJS.ProcessEnv, building = false) =>
    (['prebuilt', 'debian', 'wraps'] as const).filter((source) => isWanted(source, env, building));
  expect(wanted({})).toEqual(['prebuilt', 'debian', 'wraps']);
  expect(wanted({ ONEPORT_WORKER: 'patched' })).toEqual(['debian', 'wraps']);
  expect(wanted({ MEDIASOUP_USE_WEBRTC_SERVER: 'shared' })).toEqual(['debian', 'wraps']);
  expect(wanted({ MEDIASOUP_USE_WEBRTC_SERVER: 'true' })).toEqual(['prebuilt', 'debian', 'wraps']);
  expect(wanted({ ONEPORT_LIBRARIES: 'wraps' })).toEqual(['wraps']);
  expect(wanted({}, true)).toEqual(['debian', 'wraps']);
  expect(wanted({ HTTP_HOST: '0.0.0.0' })).toEqual(['debian', 'wraps']);
  expect(wanted({ HTTP_HOST: '0.0.0.0', ONEPORT_WORKER: 'any' })).toContain('prebuilt');
  expect(() => wanted({ ONEPORT_LIBRARIES: 'brew' })).toThrow(/debian or wraps/);
});

test('ninja’s progress is reported once for each step, whatever else ninja prints', () => {
  const told: string[] = [];
  const onLine = ninjaProgress((text) => told.push(text));
  for (const line of ['[0/4] a', 'a warning [3/4]', '[1/4] b', '[2/4] c', '[3/4] d', '[4/4] e']) {
    onLine(line);
  }
  expect(told).toEqual([0, 20, 50, 70, 100].map((percent) => `compiled ${percent} %`));
});

function failing(source: Source, tried: Source[] = []): Way {
  return {
    source,
    title: `the way ${source}`,
    get: async () => {
      tried.push(source);
      throw new SetUpError(`no ${source} here`);
    },
  };
}

function succeeding(source: Source, tried: Source[] = []): Way {
  return {
    ...failing(source),
    get: () =>
      store(inputs, source, async (temporary) => {
        const binary = join(temporary, 'built');
        tried.push(source);
        writeFileSync(binary, source);
        return {
          binary,
          facts: {
            patches: [],
            libraries: { origin: 'a test', versions: {} },
            compiler: null,
            buildType: 'release',
          },
        };
      }),
  };
}
