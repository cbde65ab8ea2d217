import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, test, vi } from 'vitest';
import { temporaryFolder, write } from '../../testkit/system/temporary-folder.ts';
import { root } from '../setup/paths.mjs';
import { pinnedMediasoup } from '../worker/inputs.ts';
import { getTarball } from '../worker/tarball.ts';
import { checkOut } from './checkout.ts';
import { git } from './git.ts';
import { bringPatches, bringTree, touchesJavaScript } from './node-lib.ts';
import { commitMessage } from './patch-file.ts';
import { firstLine, samplePatch } from './testing.ts';

const file = 'node_modules/mediasoup/node/lib/errors.js';
const one = samplePatch(firstLine, '"use strict"; // one', 'one');
const two = samplePatch('"use strict"; // one', '"use strict"; // two', 'two');

beforeEach(() => {
  vi.spyOn(process.stderr, 'write').mockReturnValue(true);

  return () => vi.restoreAllMocks();
});

test('patches of the JavaScript reach node_modules, once; other patches, and what goes, leave mediasoup as it was', async () => {
  const checkout = await pristineCheckout();
  const pristine = read(checkout);
  const said = vi.mocked(process.stderr.write);

  await bringPatches(checkout, [one, two]);
  expect(read(checkout)).toBe(pristine.replace(firstLine, '"use strict"; // two'));

  said.mockClear();
  await bringPatches(checkout, [one, two]);
  expect(said).not.toHaveBeenCalled();

  await bringPatches(checkout, [one]);
  expect(read(checkout)).toBe(pristine.replace(firstLine, '"use strict"; // one'));

  await bringPatches(checkout, []);
  expect(read(checkout)).toBe(pristine);
  expect(existsSync(join(checkout, 'node_modules/mediasoup/.oneport-patches.json'))).toBe(false);
});

test('a file that somebody changed or npm put back is noticed by its content', async () => {
  const checkout = await pristineCheckout();
  const pristine = read(checkout);

  await bringPatches(checkout, [one]);

  const patched = read(checkout);

  write(checkout, { [file]: pristine });
  await bringPatches(checkout, [one]);
  expect(read(checkout)).toBe(patched);
  rmSync(join(checkout, file));
  await bringPatches(checkout, [one]);
  expect(read(checkout)).toBe(patched);
});

test('after being cut off in the middle, all is set right', async () => {
  const checkout = await pristineCheckout();
  const pristine = read(checkout);

  await bringPatches(checkout, [one]);

  const stamp = join(checkout, 'node_modules/mediasoup/.oneport-patches.json');

  writeFileSync(stamp, readFileSync(stamp, 'utf8').replace(/"key": "\w+"/, '"key": "unfinished"'));
  await bringPatches(checkout, []);
  expect(read(checkout)).toBe(pristine);
});

test("a work tree's JavaScript, committed or not, new files too, takes the place of the patches'", async () => {
  const checkout = await pristineCheckout();
  const pristine = read(checkout);
  const tree = join(temporaryFolder(), 'mediasoup');

  await checkOut(tree, { release: pinnedMediasoup(root), patches: [] });
  write(tree, { 'node/lib/errors.js': 'changed();\n', 'node/lib/added.js': 'added();\n' });
  git(tree, ['add', 'node/lib/errors.js']);
  git(tree, ['commit', '--quiet', '--file=-'], { input: commitMessage(one) });

  await bringPatches(checkout, [one]);
  await bringTree(checkout, tree);
  expect(read(checkout)).toBe('changed();\n');
  expect(existsSync(join(checkout, 'node_modules/mediasoup/node/lib/added.js'))).toBe(true);

  await bringPatches(checkout, []);
  expect(read(checkout)).toBe(pristine);
  expect(existsSync(join(checkout, 'node_modules/mediasoup/node/lib/added.js'))).toBe(false);
});

test('only node/lib counts as JavaScript that runs', () => {
  expect(touchesJavaScript(one)).toBe(true);
  expect(touchesJavaScript({ diff: one.diff.replaceAll('node/lib/', 'worker/src/') })).toBe(false);
});

async function pristineCheckout(): Promise<string> {
  const checkout = temporaryFolder();

  cpSync(join(root, 'package-lock.json'), join(checkout, 'package-lock.json'));
  mkdirSync(join(checkout, 'node_modules/mediasoup'), { recursive: true });
  execFileSync('tar', [
    ...[
      '-xzf',
      await getTarball(pinnedMediasoup(root)),
      '-C',
      join(checkout, 'node_modules/mediasoup'),
    ],
    ...['--strip-components=1', 'package/node/lib/errors.js'],
  ]);

  return checkout;
}

function read(checkout: string): string {
  return readFileSync(join(checkout, file), 'utf8');
}
