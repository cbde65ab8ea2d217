import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { SetUpError } from '../setup/set-up-error.mjs';
import { say } from '../setup/step.mjs';
import type { Release } from '../worker/tarball.ts';
import { git, gitLines, ownIdentity, tryGit } from './git.ts';
import { newMessage, type Patch, slug } from './patch-file.ts';
import { commitSeries, initRepository, readCommits, store } from './repository.ts';

/** How a worker is compiled. Each kind has build folders of its own. */
export const kinds = ['release', 'debug', 'asan'] as const;

export type Kind = (typeof kinds)[number];

/** The commit that patches/ was last written from, or that was made from it. */
export const exportedRef = 'refs/oneport/exported';

// The files of a build. Upstream's own .gitignore is not in the tarball.
const excluded = `/worker/out/
/worker/subprojects/*/
!/worker/subprojects/packagefiles/
!/worker/subprojects/debian/
/node_modules
`;

/**
 * @param env - ONEPORT_TREE names another folder
 * @returns the folder of mediasoup's work tree; in the checkout and not in a cache, because it holds the user's work
 */
export function treeFolder(root: string, env: NodeJS.ProcessEnv = process.env): string {
  return env.ONEPORT_TREE ? resolve(env.ONEPORT_TREE) : join(root, 'mediasoup');
}

/**
 * @param env - ONEPORT_WORKER: `tree`, `tree:debug` or `tree:asan` ask for the worker and the JavaScript of the tree
 * @returns undefined if it does not ask for the tree
 * @throws SetUpError on an unknown kind
 */
export function treeKind(env: NodeJS.ProcessEnv = process.env): Kind | undefined {
  const [source, wanted = 'release'] = (env.ONEPORT_WORKER ?? '').split(':');
  const kind = kinds.find((entry) => entry === wanted);
  if (source === 'tree' && !kind) {
    const known = kinds.map((entry) => `tree:${entry}`).join(', ');
    throw new SetUpError(`ONEPORT_WORKER=${env.ONEPORT_WORKER}: unknown kind. Use tree, ${known}.`);
  }
  return source === 'tree' ? kind : undefined;
}

/** @throws SetUpError if there is no work tree */
export function requireTree(folder: string): void {
  if (!existsSync(join(folder, '.git'))) {
    const advice = 'Create it:\n  npm run patch -- checkout';
    throw new SetUpError(`there is no work tree in ${folder}`, { advice });
  }
}

/** @returns `rebase`, `cherry-pick` or `merge` if one waits to be continued */
export function operationInProgress(folder: string): string | undefined {
  const has = (file: string) => existsSync(join(folder, '.git', file));
  if (has('rebase-merge') || has('rebase-apply')) {
    return 'rebase';
  }
  return has('CHERRY_PICK_HEAD') ? 'cherry-pick' : has('MERGE_HEAD') ? 'merge' : undefined;
}

/** @throws SetUpError if there is no work tree, or a rebase waits to be continued */
export function requireNoOperation(folder: string): void {
  requireTree(folder);
  const operation = operationInProgress(folder);
  if (operation) {
    throw new SetUpError(`a ${operation} is in progress in ${folder}`, {
      advice: [
        'There, `git status` shows what is left to do. Edit the files with conflicts, `git add` them, then',
        `  git ${operation} --continue     (or --abort to go back)`,
      ].join('\n'),
    });
  }
}

/** @returns the files with conflicts */
export function unresolved(folder: string): string[] {
  return gitLines(folder, ['diff', '--name-only', '--diff-filter=U']);
}

/** @returns the lines of `git status --porcelain` */
export function uncommitted(folder: string): string[] {
  return gitLines(folder, ['status', '--porcelain']);
}

/** @returns the subjects of commits on any branch or stash that patches/ does not have, or that it has alone */
export function unexported(folder: string): string[] {
  const has = (ref: string) => tryGit(folder, ['rev-parse', '--verify', ref]).ok;
  if (!has('HEAD')) {
    return [];
  }
  const known = [exportedRef].filter(has);
  const refs = ['--branches', 'HEAD', ...['refs/stash'].filter(has), '--not', ...known];
  const added = gitLines(folder, ['log', '--format=%h %s', ...refs]);
  return added.length > 0 || known.length === 0
    ? added
    : gitLines(folder, ['log', '--format=without %h %s', `HEAD..${exportedRef}`]);
}

interface CheckoutOptions {
  readonly release: Release;
  readonly patches: readonly Patch[];
  /** Go on although the tree holds work. The work stays in the repository, under a ref that is printed. */
  readonly force?: boolean;
}

/**
 * Creates the work tree or brings it in line with patches/: mediasoup's tarball, then one commit per patch. Build
 * folders stay.
 *
 * @throws SetUpError if work would be lost without `force`, or a patch does not apply
 */
export async function checkOut(
  folder: string,
  { release, patches, force = false }: CheckoutOptions,
): Promise<void> {
  if (!existsSync(join(folder, '.git'))) {
    if (existsSync(folder) && readdirSync(folder).length > 0) {
      const advice = 'Move it away, or name another folder: ONEPORT_TREE=...';
      throw new SetUpError(`${folder} exists and is not a git work tree`, { advice });
    }
    initRepository(folder, '--initial-branch=patches');
    mkdirSync(join(folder, '.git/info'), { recursive: true });
    writeFileSync(join(folder, '.git/info/exclude'), excluded);
  } else if (force) {
    keepWork(folder);
  } else {
    refuseToLoseWork(folder);
  }
  const head = await commitSeries(release, patches);
  git(folder, ['fetch', '--quiet', '--no-tags', store(), head]);
  git(folder, ['checkout', '--quiet', '--force', '-B', 'patches', head]);
  git(folder, ['update-ref', exportedRef, head]);
}

function refuseToLoseWork(folder: string): void {
  const operation = operationInProgress(folder);
  const work = [
    ...(operation ? [`a ${operation} is in progress`] : []),
    ...uncommitted(folder).map((line) => `not committed: ${line}`),
    ...unexported(folder).map((line) => `not exported: ${line}`),
  ];
  if (work.length > 0) {
    throw new SetUpError(`${folder} holds work that patches/ does not have`, {
      tail: work.join('\n'),
      advice: [
        '`npm run patch -- export` writes commits to patches/.',
        '`npm run patch -- checkout --force` goes on without it; the work stays in the repository.',
      ].join('\n'),
    });
  }
}

/** Commits the work that a checkout is about to replace, and names the commit. */
function keepWork(folder: string): void {
  if (uncommitted(folder).length + unexported(folder).length > 0) {
    // Not a branch: the next checkout would refuse because of it.
    const ref = `refs/oneport/replaced-${Math.floor(Date.now() / 1000)}`;
    git(folder, ['add', '--all']);
    git(folder, ['commit', '--quiet', '--allow-empty', '--message=Replaced by checkout --force']);
    git(folder, ['update-ref', ref, 'HEAD']);
    say(`the work in ${folder} is kept: git -C ${folder} log -p ${ref}`);
  }
  const operation = operationInProgress(folder);
  if (operation) {
    git(folder, [operation, '--quit']);
  }
}

/**
 * Begins a patch: a commit whose message is the header to fill in. Uncommitted changes go into it.
 *
 * @throws SetUpError if the name is invalid or taken, or git does not know who the user is
 */
export function begin(folder: string, name: string): void {
  const plain = name.replace(/\.patch$/, '');
  if (plain !== slug(plain)) {
    const rule = "a patch's name consists of small letters, digits and hyphens";
    throw new SetUpError(`${plain}: ${rule}. Try: ${slug(plain)}`);
  }
  if (readCommits(folder).some((patch) => patch.name === plain)) {
    throw new SetUpError(`there is already a patch ${plain}`);
  }
  git(folder, ['add', '--all']);
  // Without useConfigOnly git would invent an address from the login and the host's name.
  const commit = ['-c', 'user.useConfigOnly=true', 'commit', '--quiet', '--allow-empty'];
  const options = { input: newMessage(plain), env: ownIdentity() };
  git(folder, [...commit, '--cleanup=verbatim', '--file=-'], options);
  const files = git(folder, ['show', '--format=', '--name-only', 'HEAD']).trim();
  say(files ? `patch ${plain} begins with:\n${files}` : `patch ${plain} begins empty`);
  say(`write its header: git -C ${folder} commit --amend --all`);
}
