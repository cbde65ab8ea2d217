import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from '../../testkit/system/temporary-folder.ts';
import { root } from '../setup/paths.mjs';
import { pinnedMediasoup } from '../worker/inputs.ts';
import { checkOut } from './checkout.ts';
import { git } from './git.ts';
import { formatPatch, type Patch } from './patch-file.ts';
import { patchesFolder, readPatches } from './series.ts';

/** For tests: a header that has all it must have. */
export const wholeHeader = [
  'Why: a test wants it, and says so in more words than',
  ' one line holds.',
  'Upstream: none, a test.',
  'Tested by: this test.',
  'Can go when: the test has finished.',
  'Needs: nothing',
].join('\n');

/** For tests: a patch of one line in mediasoup's JavaScript. */
export function samplePatch(from: string, to: string, name = 'sample'): Patch {
  return {
    name,
    author: 'Somebody Else',
    email: 'somebody@localhost',
    subject: 'A sample',
    body: wholeHeader,
    diff: [
      'diff --git a/node/lib/errors.js b/node/lib/errors.js',
      '--- a/node/lib/errors.js',
      '+++ b/node/lib/errors.js',
      '@@ -1,2 +1,2 @@',
      `-${from}`,
      `+${to}`,
      ' Object.defineProperty(exports, "__esModule", { value: true });',
      '',
    ].join('\n'),
  };
}

/** For tests: the first line of node/lib/errors.js, as mediasoup has it. */
export const firstLine = '"use strict";';

/** For tests: a folder of patches. */
export function folderOf(patches: readonly Patch[]): string {
  const folder = temporaryFolder({ series: patches.map(({ name }) => `${name}.patch\n`).join('') });

  for (const patch of patches) {
    writeFileSync(join(folder, `${patch.name}.patch`), formatPatch(patch));
  }

  return folder;
}

/** For tests: a work tree with our patches, and a person who may commit in it. */
export async function checkedOut(): Promise<string> {
  const tree = join(temporaryFolder(), 'mediasoup');

  await checkOut(tree, {
    release: pinnedMediasoup(root),
    patches: readPatches(patchesFolder(root)),
  });
  git(tree, ['config', 'user.name', 'A Person']);
  git(tree, ['config', 'user.email', 'person@localhost']);

  return tree;
}
