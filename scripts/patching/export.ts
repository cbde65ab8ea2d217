import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SetUpError } from '../setup/set-up-error.mjs';
import { readSeries } from '../worker/inputs.ts';
import { git } from './git.ts';
import { pristineOf } from './history.ts';
import { formatPatch, type Patch, readHeader, readMessage } from './patch-file.ts';

// All that a person's git configuration could change is said here.
const diffOptions = [
  '--patch',
  '--full-index',
  '--binary',
  '--no-renames',
  '--no-color',
  '--no-ext-diff',
  '--no-textconv',
  '--unified=3',
  '--inter-hunk-context=0',
  '--diff-algorithm=myers',
  '--indent-heuristic',
  '--src-prefix=a/',
  '--dst-prefix=b/',
  '--no-relative',
  '-O/dev/null',
];

/**
 * Reads commits as patches: a commit each, from mediasoup's own on.
 *
 * @param head - The last commit.
 * @throws {SetUpError} When a commit has two parents.
 */
export function readCommits(repository: string, head = 'HEAD'): Patch[] {
  const pristine = pristineOf(repository, head);
  const commits = git(repository, ['rev-list', '--reverse', '--parents', `${pristine}..${head}`])
    .split('\n')
    .filter((line) => line !== '');

  return commits.map((line) => {
    const [commit = '', ...parents] = line.split(' ');
    const [author = '', email = '', ...message] = git(repository, [
      'log',
      '-1',
      '--format=%an%n%ae%n%B',
      commit,
    ]).split('\n');
    const { name, subject, body } = readMessage(message.join('\n'));

    if (parents.length > 1) {
      throw new SetUpError(`${commit.slice(0, 10)} (${subject}) is a merge, which is no patch`, {
        advice: 'Rebase instead: one commit is one patch.',
      });
    }

    return {
      name,
      author,
      email,
      subject,
      body,
      diff: git(repository, ['diff-tree', ...diffOptions, `${commit}^`, commit]),
    };
  });
}

/**
 * What keeps commits from becoming patches, each as a sentence.
 */
export function complaintsAbout(patches: readonly Patch[]): string[] {
  const seen = new Set<string>();

  return patches.flatMap((patch) => {
    const found: string[] = [];

    if (patch.diff === '') {
      found.push('changes nothing yet: `git commit --amend --all` puts your change into it');
    }
    if (seen.has(patch.name)) {
      found.push(
        'is a second commit of that name. One commit is one patch: `git rebase -i` and `fixup`, or another `Patch:` line',
      );
    }
    seen.add(patch.name);
    found.push(
      ...readHeader(patch.body, 3).complaints.map(
        ({ line, what }) => `line ${line} of its message: ${what}`,
      ),
    );

    return found.map((what) => `${patch.name} (${patch.subject}): ${what}`);
  });
}

/**
 * Writes patches to a folder, with its `series`. Patches that the folder has and the list hasn't go.
 *
 * @returns What changed, a line each; empty when every byte was so before.
 */
export function writePatches(folder: string, patches: readonly Patch[]): string[] {
  const seriesFile = join(folder, 'series');
  const before = existsSync(seriesFile) ? readSeries(folder).map(({ name }) => name) : [];
  const names = patches.map(({ name }) => `${name}.patch`);
  const changes: string[] = [];

  for (const patch of patches) {
    const file = join(folder, `${patch.name}.patch`);
    const text = formatPatch(patch);
    const old = existsSync(file) ? readFileSync(file, 'utf8') : undefined;

    if (old !== text) {
      writeFileSync(file, text);
      changes.push(`${old === undefined ? 'new' : 'changed'}: ${patch.name}.patch`);
    }
  }
  for (const name of before.filter((entry) => !names.includes(entry))) {
    rmSync(join(folder, name));
    changes.push(`removed: ${name}`);
  }
  // Somebody's comments stay as long as the list is the same.
  if (before.join('\n') !== names.join('\n')) {
    writeFileSync(seriesFile, names.map((name) => `${name}\n`).join(''));
    changes.push('changed: series');
  }

  return changes;
}
