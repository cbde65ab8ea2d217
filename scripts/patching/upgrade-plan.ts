import { git, tryGit } from './git.ts';
import { applyPatch } from './history.ts';
import { needsOf, type Patch } from './patch-file.ts';

/** What becomes of a patch on another release. */
export type Fate =
  | { readonly what: 'applies' | 'applies with offset' | 'applies, merged' | 'already upstream' }
  | { readonly what: 'conflicts'; readonly files: readonly string[] }
  | { readonly what: 'left out'; readonly needs: string };

export interface Plan {
  /** In the order of the patches. */
  readonly fates: readonly { readonly patch: Patch; readonly fate: Fate }[];
  /** The last commit on the other release, without the patches that conflict, and without those that need them. */
  readonly head: string;
}

/**
 * Tries what `git rebase --onto` would do with each patch. One that conflicts is left out, and the next is tried.
 *
 * @param repository - One that is there for this alone: its work tree changes.
 * @param from - The commit of the release that the patches are for.
 * @param to - That of the other one.
 */
export function planUpgrade(
  repository: string,
  patches: readonly Patch[],
  from: string,
  to: string,
): Plan {
  let old = from;
  let head = to;
  const fates: { patch: Patch; fate: Fate }[] = [];
  const missing = new Set<string>();

  for (const patch of patches) {
    const original = applyPatch(repository, old, patch);

    if (!original.ok) {
      throw new Error(`${patch.name} doesn't apply to its own release: ${original.why}`);
    }
    old = original.commit;

    const needs = needsOf(patch).find((name) => missing.has(name));
    const { fate, commit } =
      needs === undefined
        ? tryPatch(repository, head, patch, original.commit)
        : { fate: { what: 'left out', needs } as const, commit: head };

    if (isMissing(fate)) {
      missing.add(patch.name);
    }
    fates.push({ patch, fate });
    head = commit;
  }
  git(repository, ['checkout', '--quiet', '--force', '--detach', head]);

  return { fates, head };
}

/** @returns Whether the other release is without the patch, though it doesn't have the change either. */
export function isMissing({ what }: Fate): boolean {
  return what === 'conflicts' || what === 'left out';
}

function tryPatch(
  repository: string,
  head: string,
  patch: Patch,
  original: string,
): { fate: Fate; commit: string } {
  git(repository, ['checkout', '--quiet', '--force', '--detach', head]);

  const reverse = tryGit(repository, ['apply', '--cached', '--check', '--reverse', '-'], {
    input: patch.diff,
  });

  if (reverse.ok) {
    return { fate: { what: 'already upstream' }, commit: head };
  }

  const applied = applyPatch(repository, head, patch);

  if (applied.ok) {
    return {
      fate: { what: applied.offset ? 'applies with offset' : 'applies' },
      commit: applied.commit,
    };
  }

  // What a patch can't do with its context alone, a merge may: it knows both releases.
  const picked = tryGit(repository, [
    'cherry-pick',
    '--allow-empty',
    '--keep-redundant-commits',
    original,
  ]);

  if (!picked.ok) {
    const files = git(repository, ['diff', '--name-only', '--diff-filter=U']).trim().split('\n');

    git(repository, ['cherry-pick', '--abort']);

    return { fate: { what: 'conflicts', files: files.filter(Boolean) }, commit: head };
  }
  if (tryGit(repository, ['diff', '--quiet', head, 'HEAD']).ok) {
    return { fate: { what: 'already upstream' }, commit: head };
  }

  return {
    fate: { what: 'applies, merged' },
    commit: git(repository, ['rev-parse', 'HEAD']).trim(),
  };
}
