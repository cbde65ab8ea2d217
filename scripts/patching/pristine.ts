import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { withLock } from '../setup/lock.mjs';
import { cacheFolder } from '../setup/paths.mjs';
import { runLogged } from '../setup/run-logged.mjs';
import { getTarball, type Release } from '../worker/tarball.ts';
import { git, tryGit } from './git.ts';

/**
 * Commits mediasoup's tarball, as it is. The commit has no parent, and the same hash everywhere.
 *
 * The objects are made once, in a repository of our cache.
 *
 * @param repository - It gets the objects, or borrows them.
 * @returns The commit.
 * @throws {SetUpError} When the tarball can't be had.
 */
export async function commitPristine(repository: string, release: Release): Promise<string> {
  const tarball = await getTarball(release);
  const sum = createHash('sha256').update(readFileSync(tarball)).digest('hex').slice(0, 16);
  const ref = `refs/pristine/${release.version}-${sum}`;
  const cache = cacheRepository();

  if (!has(cache, ref)) {
    await withLock(cache, async () => {
      if (!has(cache, ref)) {
        await unpackInto(cache, tarball, release, ref);
      }
    });
  }

  const commit = git(cache, ['rev-parse', ref]).trim();

  if (!tryGit(repository, ['cat-file', '-e', `${commit}^{commit}`]).ok) {
    git(repository, ['fetch', '--quiet', '--no-tags', cache, ref]);
  }

  return commit;
}

/** Lets a repository that won't live long use the objects of our cache. */
export function borrowObjects(repository: string): void {
  writeFileSync(
    join(repository, '.git/objects/info/alternates'),
    `${join(cacheRepository(), 'objects')}\n`,
  );
}

function cacheRepository(): string {
  return join(cacheFolder(), 'pristine.git');
}

function has(cache: string, ref: string): boolean {
  return existsSync(cache) && tryGit(cache, ['rev-parse', '--verify', '--quiet', ref]).ok;
}

async function unpackInto(
  cache: string,
  tarball: string,
  { version }: Release,
  ref: string,
): Promise<void> {
  const unpacked = mkdtempSync(join(tmpdir(), 'oneport-pristine-'));
  const env = { GIT_INDEX_FILE: join(unpacked, 'index'), GIT_DIR: cache };

  try {
    mkdirSync(cache, { recursive: true });
    git(cache, ['init', '--quiet', '--bare', '--template=', '--object-format=sha1']);
    mkdirSync(join(unpacked, 'package'));
    await runLogged(
      'tar',
      ['-xzf', tarball, '-C', join(unpacked, 'package'), '--strip-components=1'],
      {
        what: 'unpacking mediasoup',
      },
    );
    git(
      join(unpacked, 'package'),
      [`--work-tree=${join(unpacked, 'package')}`, 'add', '--all', '--force', '.'],
      {
        env,
      },
    );

    const tree = git(cache, ['write-tree'], { env }).trim();
    const commit = git(cache, ['commit-tree', tree], { input: `mediasoup ${version}\n` }).trim();

    git(cache, ['update-ref', ref, commit]);
    git(cache, ['repack', '--quiet', '-a', '-d']);
  } finally {
    rmSync(unpacked, { recursive: true, force: true });
  }
}
