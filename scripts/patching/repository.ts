import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { withLock } from '../setup/lock.mjs';
import { cacheFolder } from '../setup/paths.mjs';
import { runLogged } from '../setup/run-logged.mjs';
import { SetUpError } from '../setup/set-up-error.mjs';
import { getTarball, type Release } from '../worker/tarball.ts';
import { errorsIn, git, gitLines, tryGit } from './git.ts';
import { decode, formatMail, type Patch, readMessage } from './patch-file.ts';

/** The last commit of a series, or the first patch that does not apply and git's reason. */
type Applied = { readonly head: string } | { readonly failed: Patch; readonly why: string };

/** The bare repository in our cache, in which tarballs become commits and patches are applied. */
export function store(): string {
  return join(cacheFolder(), 'pristine.git');
}

/** @returns whether the store has a ref */
export function isStored(ref: string): boolean {
  return existsSync(store()) && tryGit(store(), ['rev-parse', '--verify', ref]).ok;
}

/** Creates an empty repository, without the files of the user's templates. */
export function initRepository(folder: string, ...options: string[]): void {
  mkdirSync(folder, { recursive: true });
  git(folder, ['init', '--quiet', '--template=', '--object-format=sha1', ...options]);
}

/**
 * Commits mediasoup's tarball to the store, once. The commit has no parent and the same hash on every machine.
 *
 * @returns the commit's hash
 * @throws SetUpError if the tarball is not available
 */
export async function commitPristine(release: Release): Promise<string> {
  const tarball = await getTarball(release);
  const sum = createHash('sha256').update(readFileSync(tarball)).digest('hex').slice(0, 16);
  const ref = `refs/pristine/${release.version}-${sum}`;
  if (!isStored(ref)) {
    await withLock(store(), async () => {
      const folder = mkdtempSync(join(tmpdir(), 'oneport-pristine-'));
      const unpack = ['-xzf', tarball, '-C', folder, '--strip-components=1'];
      try {
        initRepository(folder);
        await runLogged('tar', unpack, { what: 'unpacking mediasoup' });
        git(folder, ['add', '--all', '--force']);
        git(folder, ['commit', '--quiet', `--message=mediasoup ${release.version}`]);
        initRepository(store(), '--bare');
        git(store(), ['fetch', '--quiet', folder, `+HEAD:${ref}`]);
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    });
  }
  return git(store(), ['rev-parse', ref]).trim();
}

/**
 * Applies patches to a release in the store. The tree, the checks and the worker's build all get their source from here.
 *
 * @returns the last commit; each patch is a commit
 * @throws SetUpError naming the first patch that does not apply
 */
export async function commitSeries(release: Release, patches: readonly Patch[]): Promise<string> {
  const applied = await applySeries(store(), await commitPristine(release), patches);
  if ('failed' in applied) {
    const { failed, why } = applied;
    throw new SetUpError(`${failed.name}.patch does not apply to mediasoup ${release.version}`, {
      tail: why,
    });
  }
  return applied.head;
}

/** Applies patches on top of a commit by `git am`, without fuzz. */
export async function applySeries(
  repository: string,
  base: string,
  patches: readonly Patch[],
): Promise<Applied> {
  if (patches.length === 0) {
    return { head: base };
  }
  return inWorktree(repository, base, (folder) => {
    const options = ['--keep-cr', '--no-scissors', '--keep-non-patch', '--no-message-id'];
    const am = ['am', '--quiet', '--committer-date-is-author-date', ...options];
    const { ok, stderr } = tryGit(folder, am, { input: Buffer.concat(patches.map(formatMail)) });
    const [head = base, ...others] = gitLines(folder, ['rev-list', `${base}..HEAD`]);
    if (ok && others.length + 1 === patches.length) {
      return { head };
    }
    const failed = patches[head === base ? 0 : others.length + 1] as Patch;
    return { failed, why: errorsIn(stderr) };
  });
}

/**
 * Lends a temporary work tree. Its index is complete and its folder is empty: git creates the files that it needs, which
 * saves writing mediasoup's 1,800.
 */
export async function inWorktree<T>(
  repository: string,
  commit: string,
  work: (folder: string) => T | Promise<T>,
): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'oneport-patches-'));
  try {
    git(repository, ['worktree', 'add', '--quiet', '--detach', '--no-checkout', folder, commit]);
    git(folder, ['read-tree', 'HEAD']);
    return await work(folder);
  } finally {
    tryGit(repository, ['worktree', 'remove', '--force', folder]);
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * Reads the commits after mediasoup's own as patches.
 *
 * @throws SetUpError on a merge, and on a message or an author that is not UTF-8
 */
export function readCommits(repository: string, head = 'HEAD'): Patch[] {
  const range = `${pristineOf(repository, head)}..${head}`;
  const [merge] = gitLines(repository, ['log', '--merges', '--format=%h (%s)', range]);
  if (merge) {
    throw new SetUpError(`${merge} is a merge, which cannot become a patch. Rebase instead.`);
  }
  // `git format-patch` would add a date, fold long subjects and read some 20 settings. The plumbing does not.
  const diffTree = ['diff-tree', '--stdin', '--always', '--patch', '--full-index', '--binary'];
  const format = ['--no-renames', '--no-ext-diff', '--format=%x00%an <%ae>%x00%B%x00'];
  const commits = gitLines(repository, ['rev-list', '--reverse', range]);
  const options = {
    input: commits.map((commit) => `${commit}\n`).join(''),
    encoding: 'latin1',
  } as const;
  const [, ...parts] = git(repository, [...diffTree, ...format], options).split('\0');
  return commits.map((_, index) => {
    const [author = '', message = '', diff = ''] = parts.slice(3 * index);
    const parsed = readMessage(message);
    const decoded = decode(author, `the author of ${parsed.name}`);
    return { ...parsed, author: decoded, diff: diff.replace(/^\n+/, '') };
  });
}

/** @returns the commit of mediasoup's tarball: the only one without a parent */
export function pristineOf(repository: string, commit = 'HEAD'): string {
  const [root, second] = gitLines(repository, ['rev-list', '--max-parents=0', commit]);
  if (!root || second) {
    throw new SetUpError(`${repository} must have exactly one commit without a parent`);
  }
  return root;
}

/** @returns the version in the subject of mediasoup's own commit */
export function versionOf(repository: string): string {
  const subject = git(repository, ['log', '-1', '--format=%s', pristineOf(repository)]).trim();
  const [, version] = subject.match(/^mediasoup (\S+)$/) ?? [];
  if (!version) {
    throw new SetUpError(`${repository} begins with the commit "${subject}", not with mediasoup's`);
  }
  return version;
}
