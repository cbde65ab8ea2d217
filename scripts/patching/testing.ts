import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished, vi } from 'vitest';
import { temporaryFolder, write } from '../../testkit/system/temporary-folder.ts';
import { git } from './git.ts';
import { commitMessage, formatPatch, type Patch } from './patch-file.ts';
import { commitPristine, store } from './repository.ts';
import { checkOut } from './tree.ts';

/** A complete header. */
export const header = [
  'Why: a test wants it, and says so in more words than',
  ' one line holds.',
  'Upstream: none, a test.',
  'Tested by: this test.',
  'Can go when: the test has finished.',
  'Needs: nothing',
].join('\n');

export const script = 'node/lib/errors.js';
export const source = 'worker/src/Worker.cpp';

const lines = Array.from({ length: 20 }, (_, index) => `int line${index};\n`).join('');

/** The files of `smallRelease`. */
export const released: Record<string, string> = {
  [script]: '"use strict";\nexports.one = 1;\n',
  'node/lib/index.js': 'require("./errors");\n',
  [source]: lines,
};

/** Stands in for mediasoup, whose 1,800 files take seconds to check out. The store is in a cache of the test's own. */
export function smallRelease(version = '0.0.1'): { version: string; integrity: string } {
  const cache = temporaryFolder();
  vi.stubEnv('ONEPORT_CACHE', cache);
  vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  onTestFinished(() => {
    vi.unstubAllEnvs();
    vi.restoreAllMocks();
  });
  const unpacked = temporaryFolder();
  for (const [path, content] of Object.entries(released)) {
    write(unpacked, { [`package/${path}`]: content });
  }
  const tarball = join(cache, 'tarballs', `mediasoup-${version}.tgz`);
  write(cache, { 'tarballs/.keep': '' });
  execFileSync('tar', ['-czf', tarball, '-C', unpacked, 'package']);
  const sum = createHash('sha512').update(readFileSync(tarball)).digest('base64');
  return { version, integrity: `sha512-${sum}` };
}

/** A change of one line of the small release's JavaScript, without export's `index` line. */
export function samplePatch(from: string, to: string, name = 'sample'): Patch {
  const diff = [
    ...[`diff --git a/${script} b/${script}`, `--- a/${script}`, `+++ b/${script}`],
    ...['@@ -1,2 +1,2 @@', `-${from}`, `+${to}`, ' exports.one = 1;', ''],
  ].join('\n');
  return { name, author: 'A Person <person@localhost>', subject: 'A sample', body: header, diff };
}

/** A folder of patches with its `series`. */
export function folderOf(patches: readonly Patch[]): string {
  const folder = temporaryFolder({ series: patches.map(({ name }) => `${name}.patch\n`).join('') });
  for (const patch of patches) {
    writeFileSync(join(folder, `${patch.name}.patch`), formatPatch(patch));
  }
  return folder;
}

/** A work tree of the small release, whose user may commit. */
export async function checkedOut(release = smallRelease(), patches: Patch[] = []): Promise<string> {
  const tree = join(temporaryFolder(), 'mediasoup');
  await checkOut(tree, { release, patches });
  git(tree, ['config', 'user.name', 'A Person']);
  git(tree, ['config', 'user.email', 'person@localhost']);
  return tree;
}

/** Commits files in a work tree as a patch. */
export function commitFiles(
  tree: string,
  files: Record<string, string | Buffer>,
  { name = 'sample', body = header } = {},
): void {
  for (const [path, content] of Object.entries(files)) {
    write(tree, { [path]: '' });
    writeFileSync(join(tree, path), content);
  }
  git(tree, ['add', '--all']);
  git(tree, ['commit', '--quiet', '--cleanup=verbatim', '--file=-'], {
    input: commitMessage({ name, subject: `Subject of ${name}`, body }),
  });
}

/** Commits, on top of a commit in the store, the small release's files with other contents. */
export async function nextRelease(
  release: { version: string; integrity: string },
  files: Record<string, string>,
): Promise<string> {
  const pristine = await commitPristine(release);
  const folder = temporaryFolder({ ...released, ...files });
  const env = { GIT_WORK_TREE: folder, GIT_INDEX_FILE: join(temporaryFolder(), 'index') };
  git(store(), ['add', '--all', '.'], { env });
  const tree = git(store(), ['write-tree'], { env }).trim();
  return git(store(), ['commit-tree', tree, '-p', pristine], { input: 'next\n' }).trim();
}
