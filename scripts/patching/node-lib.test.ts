import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, test, vi } from 'vitest';
import { temporaryFolder, write } from '../../testkit/system/temporary-folder.ts';
import { git } from './git.ts';
import { bringPatches, bringTree, touchesJavaScript } from './node-lib.ts';
import { checkedOut, commitFiles, samplePatch, script, smallRelease } from './testing.ts';

const one = samplePatch('"use strict";', '"use strict"; // one', 'one');
const two = samplePatch('"use strict"; // one', '"use strict"; // two', 'two');
const pristine = '"use strict";\nexports.one = 1;\n';
const patched = pristine.replace('"use strict";', '"use strict"; // one');

let release: ReturnType<typeof smallRelease>;
let checkout: string;
let module: string;

beforeEach(() => {
  release = smallRelease();
  checkout = temporaryFolder({
    'package-lock.json': JSON.stringify({ packages: { 'node_modules/mediasoup': release } }),
  });
  module = join(checkout, 'node_modules/mediasoup');
  write(module, release.files);
});

const read = () => readFileSync(join(module, script), 'utf8');
const said = () => vi.mocked(process.stderr.write).mock.calls.length;

test('patches reach node_modules, and leave it as npm installed it when they go', async () => {
  await bringPatches(checkout, [one, two]);
  expect(read()).toBe(pristine.replace('"use strict";', '"use strict"; // two'));

  const before = said();
  await bringPatches(checkout, [one, two]);
  expect(said()).toBe(before);

  await bringPatches(checkout, [one]);
  expect(read()).toBe(patched);

  await bringPatches(checkout, []);
  expect(read()).toBe(pristine);
  expect(readdirSync(module).sort()).toEqual(['node', 'worker']);
});

test('without patches of the JavaScript nothing is touched, and no tarball is needed', async () => {
  const native = { ...one, diff: one.diff.replaceAll('node/lib/', 'worker/src/') };
  vi.stubEnv('ONEPORT_CACHE', '/nonexistent');
  write(module, { [script]: 'by hand' });
  await bringPatches(checkout, [native]);

  expect(read()).toBe('by hand');
  expect(touchesJavaScript(one)).toBe(true);
  expect(touchesJavaScript(native)).toBe(false);
});

test('a file that was changed, restored by npm or deleted is noticed', async () => {
  await bringPatches(checkout, [one]);
  for (const content of [pristine, patched.replace('one', 'two')]) {
    write(module, { [script]: content });
    await bringPatches(checkout, [one]);
    expect(read()).toBe(patched);
  }
  rmSync(join(module, script));
  await bringPatches(checkout, [one]);
  expect(read()).toBe(patched);
});

test('a run that was killed half-way is put right', async () => {
  await bringPatches(checkout, [one]);
  write(module, { [script]: 'half wri', 'node/lib/added.js': '', '.oneport-index.lock': '' });
  await bringPatches(checkout, []);

  expect(read()).toBe(pristine);
  expect(existsSync(join(module, 'node/lib/added.js'))).toBe(false);
});

test("a work tree's JavaScript, committed or not, takes the place of the patches'", async () => {
  const tree = await checkedOut(release);
  const bytes = Buffer.from('// \xe9\n', 'latin1');
  commitFiles(tree, { [script]: bytes });
  write(tree, { 'node/lib/added.js': 'added();\n' });
  const status = git(tree, ['status', '--porcelain']);

  await bringPatches(checkout, [one]);
  await bringTree(checkout, tree);
  expect(readFileSync(join(module, script))).toEqual(bytes);
  expect(existsSync(join(module, 'node/lib/added.js'))).toBe(true);
  expect(git(tree, ['status', '--porcelain'])).toBe(status);

  rmSync(join(tree, 'node/lib/added.js'));
  await bringTree(checkout, tree);
  expect(existsSync(join(module, 'node/lib/added.js'))).toBe(false);

  await bringPatches(checkout, []);
  expect(read()).toBe(pristine);
});
