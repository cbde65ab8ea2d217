import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder, write } from '../../testkit/system/temporary-folder.ts';
import { readInputs, readSeries, type WorkerInputs, workerKey } from './inputs.ts';

const root = resolve(import.meta.dirname, '../..');

test('series lists the patches in order, with comments', () => {
  const folder = temporaryFolder({
    series: '# first this\nb.patch\n\na.patch # then that\n',
    'a.patch': 'a',
    'b.patch': 'b',
    'c.patch': 'not in the series',
  });
  expect(readSeries(folder).map(({ name }) => name)).toEqual(['b.patch', 'a.patch']);
});

test('rejects a series with a missing patch', () => {
  expect(() => readSeries(temporaryFolder({ series: 'gone.patch\n' }))).toThrow(/gone\.patch/);
});

test('the key of a build changes with each input', () => {
  const inputs = readInputs(root);
  const folder = temporaryFolder({ series: 'a.patch\nb.patch\n', 'a.patch': 'a', 'b.patch': 'b' });
  const patches = readSeries(folder);
  write(folder, { 'a.patch': 'a, changed' });
  const changed: Partial<WorkerInputs>[] = [
    { patches },
    { patches: readSeries(folder) },
    { patches: patches.toReversed() },
    { mediasoup: { ...inputs.mediasoup, version: '3.0.0' } },
    { mediasoup: { ...inputs.mediasoup, integrity: 'sha512-another' } },
    { recipe: 'another' },
    { platform: 'another' },
  ];
  const keys = [{}, ...changed].map((change) => workerKey({ ...inputs, ...change }, 'debian'));
  expect(new Set([...keys, workerKey(inputs, 'wraps')]).size).toBe(changed.length + 2);
  expect(workerKey(readInputs(root), 'debian')).toBe(keys[0]);
});

test('the prebuilt worker does not depend on our patches', () => {
  const inputs = readInputs(root);
  expect(workerKey({ ...inputs, patches: [] }, 'prebuilt')).toBe(workerKey(inputs, 'prebuilt'));
});
