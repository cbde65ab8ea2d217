import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SetUpError } from '../setup/set-up-error.mjs';
import type { Release } from '../worker/tarball.ts';
import { git, identity, nobody, tryGit } from './git.ts';
import { commitMessage, type Patch } from './patch-file.ts';
import { borrowObjects, commitPristine } from './pristine.ts';

/** What a patch did when it was applied. */
export type Applied =
  | { readonly ok: true; readonly commit: string; readonly offset: boolean }
  | { readonly ok: false; readonly why: string };

/** Makes an empty repository. Nothing of the person's templates gets in. */
export function initRepository(folder: string): void {
  mkdirSync(folder, { recursive: true });
  git(folder, [
    'init',
    '--quiet',
    '--template=',
    '--initial-branch=patches',
    '--object-format=sha1',
  ]);
}

/**
 * Does work in a repository that is gone afterwards.
 *
 * @param work - Told the repository's folder.
 */
export async function withRepository<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'oneport-patches-'));

  try {
    initRepository(folder);
    borrowObjects(folder);

    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * Applies a patch on top of a commit, without fuzz, and without touching any work tree.
 *
 * @returns The new commit, whose hash depends only on its parent and the patch.
 */
export function applyPatch(repository: string, parent: string, patch: Patch): Applied {
  return withIndex(repository, (env) => {
    git(repository, ['read-tree', parent], { env });

    const { ok, stderr } = tryGit(
      repository,
      ['apply', '--cached', '--verbose', '--whitespace=nowarn', '-'],
      { input: patch.diff, env },
    );

    if (!ok) {
      const why = stderr.split('\n').filter((line) => line.startsWith('error:'));

      return { ok: false, why: why.map((line) => line.replace('error: ', '')).join('; ') };
    }

    return {
      ok: true,
      offset: /succeeded at \d+ \(offset/.test(stderr),
      commit: commitIndex(repository, env, commitMessage(patch), { parent, ...patch }),
    };
  });
}

/**
 * The pristine commit and each patch as a commit of its own.
 *
 * @returns The last commit.
 * @throws {SetUpError} Naming the first patch that doesn't apply.
 */
export async function commitSeries(
  repository: string,
  release: Release,
  patches: readonly Patch[],
): Promise<string> {
  let head = await commitPristine(repository, release);

  for (const patch of patches) {
    const applied = applyPatch(repository, head, patch);

    if (!applied.ok) {
      throw new SetUpError(`${patch.name}.patch doesn't apply to mediasoup ${release.version}`, {
        tail: applied.why,
      });
    }
    head = applied.commit;
  }

  return head;
}

/** @returns The commit that holds mediasoup's tarball: the only one without a parent. */
export function pristineOf(repository: string, commit = 'HEAD'): string {
  const roots = git(repository, ['rev-list', '--max-parents=0', commit]).trim().split('\n');

  if (roots.length !== 1 || !roots[0]) {
    throw new SetUpError(
      `${repository} has ${roots.length} commits without a parent; checkout makes one`,
    );
  }

  return roots[0];
}

/** @returns mediasoup's version, as its pristine commit tells. */
export function versionOf(repository: string, pristine: string): string {
  const subject = git(repository, ['log', '-1', '--format=%s', pristine]).trim();
  const [, version] = subject.match(/^mediasoup (\S+)$/) ?? [];

  if (!version) {
    throw new SetUpError(
      `${repository} doesn't begin with a commit of mediasoup's tarball, but with: ${subject}`,
    );
  }

  return version;
}

/** @returns The folder that git itself uses. */
export function gitFolder(repository: string): string {
  return git(repository, ['rev-parse', '--absolute-git-dir']).trim();
}

function commitIndex(
  repository: string,
  env: NodeJS.ProcessEnv,
  message: string,
  { parent, author, email }: { parent?: string; author?: string; email?: string } = {},
): string {
  const tree = git(repository, ['write-tree'], { env }).trim();
  const parents = parent ? ['-p', parent] : [];

  return git(repository, ['commit-tree', tree, ...parents], {
    input: message,
    env: identity(author ?? nobody.name, email ?? nobody.email),
  }).trim();
}

function withIndex<T>(repository: string, work: (env: NodeJS.ProcessEnv) => T): T {
  const index = join(gitFolder(repository), `oneport-index-${process.pid}`);

  try {
    return work({ GIT_INDEX_FILE: index });
  } finally {
    rmSync(index, { force: true });
  }
}
