import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SetUpError } from '../setup/set-up-error.mjs';
import { say } from '../setup/step.mjs';
import type { Release } from '../worker/tarball.ts';
import { git, tryGit } from './git.ts';
import { commitSeries, gitFolder, initRepository } from './history.ts';
import type { Patch } from './patch-file.ts';
import { exportedRef, isTree, operationInProgress, uncommitted, unexported } from './tree.ts';

// What a build puts there; upstream's own .gitignore isn't in the tarball.
const excluded = [
  '/worker/out/',
  '/worker/subprojects/*/',
  '!/worker/subprojects/packagefiles/',
  '!/worker/subprojects/debian/',
  '/node_modules',
  '',
].join('\n');

export interface CheckoutOptions {
  readonly release: Release;
  readonly patches: readonly Patch[];
  /** Go on although work would leave the work tree. It stays in the repository, under a name that is told. */
  readonly force?: boolean;
}

/**
 * Makes the work tree, or brings it in line with patches/: mediasoup's tarball, then a commit for each patch.
 * Builds in it stay, and so does what they needn't compile again.
 *
 * @returns The commit that is checked out.
 * @throws {SetUpError} When somebody's work would be lost and `force` isn't given.
 */
export async function checkOut(
  folder: string,
  { release, patches, force = false }: CheckoutOptions,
): Promise<string> {
  if (!isTree(folder)) {
    if (existsSync(folder) && readdirSync(folder).length > 0) {
      throw new SetUpError(`${folder} is there already and is no git work tree`, {
        advice: 'Move it away, or name another folder: ONEPORT_TREE=...',
      });
    }
    initRepository(folder);
    mkdirSync(join(gitFolder(folder), 'info'), { recursive: true });
    writeFileSync(join(gitFolder(folder), 'info', 'exclude'), excluded);
  } else if (force) {
    keepWork(folder);
  } else {
    refuseToLoseWork(folder);
  }

  const head = await commitSeries(folder, release, patches);

  git(folder, ['checkout', '--quiet', '--force', '-B', 'patches', head]);
  git(folder, ['update-ref', exportedRef, head]);

  return head;
}

function refuseToLoseWork(folder: string): void {
  const work = [
    ...[operationInProgress(folder)].flatMap((name) => (name ? [`a ${name} is under way`] : [])),
    ...uncommitted(folder).map((line) => `not committed: ${line}`),
    ...unexported(folder).map((line) => `not exported: ${line}`),
  ];

  if (work.length > 0) {
    throw new SetUpError(`${folder} holds work that patches/ doesn't have`, {
      tail: work.join('\n'),
      advice: [
        '`npm run patch -- export` writes commits to patches/.',
        '`npm run patch -- checkout --force` goes on without it; it stays in the repository.',
      ].join('\n'),
    });
  }
}

/** Gives a name to what the checkout takes away, files that no commit has included. */
function keepWork(folder: string): void {
  if (!tryGit(folder, ['rev-parse', '--verify', 'HEAD']).ok) {
    return;
  }

  const hadWork = uncommitted(folder).length + unexported(folder).length > 0;
  const operation = operationInProgress(folder);

  git(folder, ['add', '--all']);

  const tree = tryGit(folder, ['write-tree']);
  const kept = tree.ok
    ? git(folder, ['commit-tree', tree.stdout.trim(), '-p', 'HEAD'], {
        input: 'What lay in the work tree when `checkout --force` came\n',
      }).trim()
    : git(folder, ['rev-parse', 'HEAD']).trim();

  if (operation) {
    tryGit(folder, [operation, '--quit']);
  }
  if (hadWork) {
    const name = `replaced-${Math.floor(Date.now() / 1000)}`;

    // No branch, or the next checkout would take it for work that nobody has given up.
    git(folder, ['update-ref', `refs/oneport/${name}`, kept]);
    say(`what was in ${folder} is kept: git -C ${folder} log -p refs/oneport/${name}`);
  }
}
