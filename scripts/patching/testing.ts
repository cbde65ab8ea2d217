import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { appendFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, onTestFinished, vi } from 'vitest';
import { type Files, temporaryFolder, write } from '../../testkit/system/temporary-folder.ts';
import { git } from './git.ts';
import { commitMessage, formatPatch, type Patch } from './patch-file.ts';
import { checkOut } from './tree.ts';

// A test starts git some fifty times, which takes a loaded machine a while.
vi.setConfig({ testTimeout: 60_000 });

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

const files = {
  [script]: '"use strict";\nexports.one = 1;\n',
  'node/lib/index.js': 'require("./errors");\n',
  [source]: Array.from({ length: 20 }, (_, index) => `int line${index};\n`).join(''),
};

// One for all tests of a file, so that a release is committed once.
const cache = mkdtempSync(join(tmpdir(), 'oneport-test-'));
afterAll(() => rmSync(cache, { recursive: true }));

/**
 * Stands in for mediasoup, whose 1,800 files take seconds to check out. Its tarball, and all commits, are in a cache of
 * the tests' own.
 *
 * @param changes - files that differ from those of the first release
 */
export function smallRelease(version = '0.0.1', changes: Files = {}) {
  const tarball = join(cache, 'tarballs', `mediasoup-${version}.tgz`);
  if (!existsSync(tarball) || version !== '0.0.1') {
    const folder = temporaryFolder();
    write(join(folder, 'package'), { ...files, ...changes });
    mkdirSync(dirname(tarball), { recursive: true });
    execFileSync('tar', ['-czf', tarball, '-C', folder, 'package']);
  }
  vi.stubEnv('ONEPORT_CACHE', cache);
  vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  onTestFinished(() => {
    vi.unstubAllEnvs();
    vi.restoreAllMocks();
  });
  const sum = createHash('sha512').update(readFileSync(tarball)).digest('base64');
  return { version, integrity: `sha512-${sum}`, files };
}

/** A change of one line of the small release's JavaScript, without export's `index` line. */
export function samplePatch(from: string, to: string, name = 'sample'): Patch {
  const paths = `diff --git a/${script} b/${script}\n--- a/${script}\n+++ b/${script}\n`;
  const diff = `${paths}@@ -1,2 +1,2 @@\n-${from}\n+${to}\n exports.one = 1;\n`;
  return { name, author: 'A Person <person@localhost>', subject: 'A sample', body: header, diff };
}

/** A folder of patches with its `series`. */
export function folderOf(patches: readonly Patch[]): string {
  return temporaryFolder({
    series: patches.map(({ name }) => `${name}.patch\n`).join(''),
    ...Object.fromEntries(patches.map((patch) => [`${patch.name}.patch`, formatPatch(patch)])),
  });
}

/** A work tree whose user may commit. */
export async function checkedOut(release = smallRelease(), patches: Patch[] = []): Promise<string> {
  const tree = join(temporaryFolder(), 'mediasoup');
  await checkOut(tree, { release, patches });
  appendFileSync(
    join(tree, '.git/config'),
    '[user]\n\tname = A Person\n\temail = person@localhost\n',
  );
  return tree;
}

/** Commits files in a work tree as a patch. */
export function commitFiles(tree: string, changes: Files, { name = 'sample', body = header } = {}) {
  write(tree, changes);
  git(tree, ['add', '--all']);
  git(tree, ['commit', '--quiet', '--cleanup=verbatim', '--file=-'], {
    input: commitMessage({ name, subject: `Subject of ${name}`, body }),
  });
}
