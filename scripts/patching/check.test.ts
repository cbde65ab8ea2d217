import { rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { expect, test } from 'vitest';
import { write } from '../../testkit/system/temporary-folder.ts';
import { root } from '../setup/paths.mjs';
import { pinnedMediasoup } from '../worker/inputs.ts';
import { checkApplying, checkFiles } from './check.ts';
import { withRepository } from './history.ts';
import { formatPatch, type Patch } from './patch-file.ts';
import { patchesFolder } from './series.ts';
import { firstLine, folderOf, samplePatch, wholeHeader } from './testing.ts';

const first = samplePatch(firstLine, '"use strict"; // one', 'first');
const second = samplePatch('"use strict"; // one', '"use strict"; // two', 'second');

test("our own patches are in order: headers, series, applying, and export's own form", async () => {
  const { patches, complaints } = checkFiles(patchesFolder(root));

  expect(complaints).toEqual([]);
  expect(await applying(patches)).toEqual([]);
});

test('a patch that needs another applies after it, when it says so', async () => {
  const needing = { ...second, body: wholeHeader.replace('nothing', 'first') };

  expect(checkFiles(folderOf([first, needing])).complaints).toEqual([]);
  expect((await applying([first, needing])).filter((text) => /apply/.test(text))).toEqual([]);
  expect(await applying([first, second])).toContainEqual(
    expect.stringMatching(/^second\.patch: says that it needs nothing, but doesn't apply so/),
  );
  expect(await applying([second])).toContainEqual(
    expect.stringMatching(/^second\.patch: doesn't apply in the order of series/),
  );
});

test('a patch that export would write otherwise is found', async () => {
  // It has no `index` line.
  expect(await applying([first])).toContainEqual(
    expect.stringMatching(/^first\.patch: is not what export writes/),
  );
});

test('series and files that disagree are found, with the line', () => {
  const folder = folderOf([first, second]);

  rmSync(join(folder, 'first.patch'));
  write(folder, { 'stray.patch': '', series: 'first.patch\nsecond.patch\nsecond.patch\n' });

  expect(checkFiles(folder).complaints).toEqual([
    'series:1: there is no file first.patch',
    'series:3: second.patch is there twice',
    'stray.patch: is not in series, so nothing applies it',
  ]);
});

test('a header with a line too few is found, with file and line', () => {
  const body = wholeHeader.replace(/^Upstream.*\n/m, '');

  expect(checkFiles(folderOf([{ ...first, body }])).complaints).toEqual([
    'first.patch:9: `Upstream:` is missing',
  ]);
});

test('a test that a header names and nobody has is found, with the line', () => {
  const folder = folderOf([]);
  const there = `${basename(folder)}/first.test.ts`;
  const body = wholeHeader.replace('this test.', `${there}\n and nowhere/gone.test.ts`);

  write(folder, {
    series: 'first.patch\n',
    'first.patch': formatPatch({ ...first, body }),
    'first.test.ts': '',
  });

  expect(checkFiles(folder).complaints).toEqual([
    "first.patch:8: is tested by nowhere/gone.test.ts, which isn't there",
  ]);
});

test('a need that comes later, or never, is found', () => {
  const body = wholeHeader.replace('nothing', 'second');

  expect(checkFiles(folderOf([{ ...first, body }, second])).complaints).toEqual([
    "first.patch:4: needs second, which series doesn't have before it",
  ]);
});

test('a change of what reaches nobody is found', () => {
  const diff = first.diff.replaceAll('node/lib/errors.js', 'npm-scripts.mjs');

  expect(checkFiles(folderOf([{ ...first, diff }])).complaints).toEqual([
    expect.stringMatching(/^first\.patch:4: changes npm-scripts\.mjs/),
  ]);
});

test('what is no patch of ours is said to be none', () => {
  const folder = folderOf([first]);

  write(folder, { 'first.patch': formatPatch(first).replace('Subject: ', '') });

  expect(checkFiles(folder).complaints).toEqual([
    expect.stringMatching(/^first\.patch:1 doesn't begin with/),
  ]);
});

function applying(patches: readonly Patch[]): Promise<string[]> {
  return withRepository(
    async (repository) =>
      (await checkApplying(repository, pinnedMediasoup(root), patches)).complaints,
  );
}
