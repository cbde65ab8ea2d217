import { existsSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { isolateSetUp } from '../../testkit/system/temporary-folder.ts';
import { findCached, store, workerFolder } from './cache.ts';
import { readInputs } from './inputs.ts';
import { manifestName, readManifest } from './manifest.ts';

const inputs = readInputs(resolve(import.meta.dirname, '../..'));
const facts = {
  patches: [],
  libraries: { origin: 'a test', versions: {} },
  compiler: null,
  buildType: 'release',
};

beforeEach(isolateSetUp);

test('a stored worker is found, with its manifest', async () => {
  const binary = await storeText('a worker');
  expect(findCached(inputs, 'debian')).toBe(binary);
  expect(findCached(inputs, 'wraps')).toBeUndefined();
  expect(readFileSync(binary, 'utf8')).toBe('a worker');
  expect(readManifest(binary)).toMatchObject({
    mediasoup: inputs.mediasoup.version,
    source: 'debian',
    binary: { size: 8 },
    ...facts,
  });
});

test.for([
  ['truncated', (binary: string) => truncateSync(binary, 3)],
  ['changed', (binary: string) => writeFileSync(binary, 'A worker')],
  ['without a manifest', (binary: string) => writeFileSync(manifestOf(binary), '')],
  ['with a manifest of nonsense', (binary: string) => writeFileSync(manifestOf(binary), '{}')],
] as const)('a worker that is %s is never used', async ([, damage]) => {
  const binary = await storeText('a worker');
  damage(binary);
  expect(findCached(inputs, 'debian')).toBeUndefined();
  expect(existsSync(binary)).toBe(false);
  expect(await storeText('a worker')).toBe(binary);
  expect(findCached(inputs, 'debian')).toBe(binary);
});

test('a failed attempt leaves nothing behind', async () => {
  const folder = workerFolder(inputs, 'debian');
  const failing = store(inputs, 'debian', async (temporary) => {
    writeFileSync(join(temporary, 'half'), 'half');
    throw new Error('cut off');
  });
  await expect(failing).rejects.toThrow('cut off');
  expect(readdirSync(dirname(folder))).toEqual([]);
});

test('a new build replaces the previous one', async () => {
  await storeText('one');
  const binary = await storeText('two');
  expect(readFileSync(binary, 'utf8')).toBe('two');
  expect(readdirSync(dirname(workerFolder(inputs, 'debian'))).length).toBe(1);
});

function storeText(text: string): Promise<string> {
  return store(inputs, 'debian', async (temporary) => {
    const binary = join(temporary, 'built');
    writeFileSync(binary, text);
    return { binary, facts };
  });
}

function manifestOf(binary: string): string {
  return join(dirname(binary), manifestName);
}
