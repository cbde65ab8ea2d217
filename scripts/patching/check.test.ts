import { rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder, write } from '../../testkit/system/temporary-folder.ts';
import { root } from '../setup/paths.mjs';
import { pinnedMediasoup } from '../worker/inputs.ts';
import { check, checkApplying, checkFiles } from './check.ts';
import { formatPatch, type Patch, patchesFolder } from './patch-file.ts';
import { readCommits } from './repository.ts';
import { checkedOut, commitFiles, folderOf, header, samplePatch, smallRelease } from './testing.ts';

const first = samplePatch('"use strict";', '"use strict"; // one', 'first');
const second = samplePatch('"use strict"; // one', '"use strict"; // two', 'second');

const applying = (patches: readonly Patch[]) => checkApplying(smallRelease(), patches);

test("our own patches pass: headers, series, applying, export's own form, and the schema", async () => {
  const { complaints } = await check(pinnedMediasoup(root), patchesFolder(root));

  expect(complaints).toEqual([]);
});

test('a patch that needs another must say so', async () => {
  const needing = { ...second, body: header.replace('nothing', 'first') };

  expect(checkFiles(folderOf([first, needing])).complaints).toEqual([]);
  expect((await applying([first, needing])).filter((text) => /apply/.test(text))).toEqual([]);
  expect(await applying([first, second])).toContainEqual(
    expect.stringMatching(/^second\.patch: says that it needs nothing, but does not apply that/),
  );
  expect(await applying([second])).toEqual([
    expect.stringMatching(/^second\.patch: does not apply in the order of series: .*errors\.js/),
  ]);
});

test('a patch that export would write differently is found, and one that it has written passes', async () => {
  const release = smallRelease();
  const tree = await checkedOut(release);
  commitFiles(tree, { 'worker/data.raw': Buffer.from([0, 0xff]) });

  expect(await checkApplying(release, readCommits(tree))).toEqual([]);
  // It has no `index` line.
  expect(await checkApplying(release, [first])).toEqual([
    expect.stringMatching(/^first\.patch: is not what export writes/),
  ]);
});

test('series and files that disagree are found, with the line', () => {
  const folder = folderOf([first, second]);
  rmSync(join(folder, 'first.patch'));
  write(folder, { 'stray.patch': '', series: 'first.patch\nsecond.patch\nsecond.patch\n' });

  expect(checkFiles(folder).complaints).toEqual([
    'series:1: there is no file first.patch',
    'series:3: second.patch is listed twice',
    'stray.patch: is not in series, so it is never applied',
  ]);
});

test('a header that lacks a field is found, with file and line', () => {
  const body = header.replace(/^Upstream.*\n/m, '');

  expect(checkFiles(folderOf([{ ...first, body }])).complaints).toEqual([
    'first.patch:9: `Upstream:` is missing',
  ]);
});

test('a test that a header names and that does not exist is found, with the line', () => {
  const folder = temporaryFolder();
  const exists = `${basename(folder)}/first.test.ts`;
  const body = header.replace('this test.', `${exists}\n and nowhere/gone.test.ts`);
  write(folder, {
    series: 'first.patch\n',
    'first.patch': formatPatch({ ...first, body }).toString(),
    'first.test.ts': '',
  });

  expect(checkFiles(folder).complaints).toEqual([
    'first.patch:8: is tested by nowhere/gone.test.ts, which does not exist',
  ]);
});

test.each([
  ['needs a later patch', { body: header.replace('nothing', 'second') }, /:4: needs second, which/],
  ['changes nothing', { diff: '' }, /:4: changes nothing/],
  [
    'changes a file that nothing uses',
    { diff: first.diff.replaceAll('node/lib/errors.js', 'npm-scripts.mjs') },
    /:4: changes npm-scripts\.mjs/,
  ],
])('a patch that %s is found', (_, change, says) => {
  expect(checkFiles(folderOf([{ ...first, ...change }, second])).complaints).toEqual([
    expect.stringMatching(says),
  ]);
});

test('a file in another format is found', () => {
  const folder = folderOf([first]);
  write(folder, { 'first.patch': formatPatch(first).toString().replace('Subject: ', '') });

  expect(() => checkFiles(folder)).toThrow(/^first\.patch does not begin with/);
});
