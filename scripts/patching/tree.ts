import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { SetUpError } from '../setup/set-up-error.mjs';
import { git, tryGit } from './git.ts';

/** The commit that patches/ was last written from, or that was made out of it. */
export const exportedRef = 'refs/oneport/exported';

/**
 * Where mediasoup's work tree is. It holds a person's work, so it lies in the checkout and not in a cache.
 *
 * @param env - ONEPORT_TREE names another folder.
 */
export function treeFolder(root: string, env: NodeJS.ProcessEnv = process.env): string {
  return env.ONEPORT_TREE ? resolve(env.ONEPORT_TREE) : join(root, 'mediasoup');
}

/** @returns Whether a work tree is there. A folder that is something else isn't one. */
export function isTree(folder: string): boolean {
  return existsSync(join(folder, '.git'));
}

/** @throws {SetUpError} When there is no work tree. */
export function requireTree(folder: string): void {
  if (!isTree(folder)) {
    throw new SetUpError(`there is no work tree in ${folder}`, {
      advice: 'This makes it:\n  npm run patch -- checkout',
    });
  }
}

/** @returns What somebody has begun and not finished, in a word of git's; undefined when nothing. */
export function operationInProgress(folder: string): string | undefined {
  const has = (name: string) =>
    existsSync(resolve(folder, git(folder, ['rev-parse', '--git-path', name]).trim()));

  if (has('rebase-merge') || has('rebase-apply')) {
    return 'rebase';
  }
  if (has('CHERRY_PICK_HEAD')) {
    return 'cherry-pick';
  }

  return has('MERGE_HEAD') ? 'merge' : undefined;
}

/**
 * @throws {SetUpError} While a rebase waits to be continued.
 */
export function requireNoOperation(folder: string): void {
  const operation = operationInProgress(folder);

  if (operation) {
    throw new SetUpError(`a ${operation} is under way in ${folder}`, {
      advice: [
        'There, `git status` says what is left to do. Edit the files that conflict, `git add` them, then',
        `  git ${operation} --continue     (or --abort, and all is as before)`,
      ].join('\n'),
    });
  }
}

/**
 * @throws {SetUpError} While files have conflicts that nobody has resolved: what a compiler says of git's markers
 *   comes minutes later, and says nothing.
 */
export function requireResolved(folder: string): void {
  const files = unresolved(folder);

  if (files.length > 0) {
    throw new SetUpError(`${folder} has conflicts, so there is nothing to build`, {
      tail: files.join('\n'),
      advice: `Edit each, then \`git -C ${folder} add\` it. \`git -C ${folder} status\` says what comes next.`,
    });
  }
}

/** @returns The files that have conflicts. */
export function unresolved(folder: string): string[] {
  return lines(git(folder, ['diff', '--name-only', '--diff-filter=U']));
}

/** @returns Lines of `git status`, for what no commit holds. */
export function uncommitted(folder: string): string[] {
  return lines(git(folder, ['status', '--porcelain']));
}

/** @returns Subjects of commits that patches/ doesn't know, of all branches and stashes. */
export function unexported(folder: string): string[] {
  const known = [exportedRef].filter((ref) => tryGit(folder, ['rev-parse', '--verify', ref]).ok);
  const stash = tryGit(folder, ['rev-parse', '--verify', 'refs/stash']).ok ? ['refs/stash'] : [];
  const head = tryGit(folder, ['rev-parse', '--verify', 'HEAD']).ok ? ['HEAD'] : [];

  if (head.length === 0) {
    return [];
  }

  const found = lines(
    git(folder, ['log', '--format=%h %s', '--branches', ...stash, ...head, '--not', ...known]),
  );
  const [ref] = known;

  // Commits that were taken away are a change too.
  if (found.length === 0 && ref && !same(folder, 'HEAD', ref)) {
    found.push(...lines(git(folder, ['log', '--format=without %h %s', `HEAD..${ref}`])));
  }

  return found;
}

function same(folder: string, a: string, b: string): boolean {
  return git(folder, ['rev-parse', a]) === git(folder, ['rev-parse', b]);
}

function lines(text: string): string[] {
  return text.split('\n').filter((line) => line !== '');
}
