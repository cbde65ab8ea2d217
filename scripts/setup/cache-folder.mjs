import { accessSync, chmodSync, constants, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder } from './paths.mjs';
import { SetUpError } from './set-up-error.mjs';

const advice = 'Set ONEPORT_CACHE to another folder, which this user may write to.';

/**
 * Creates a folder in the cache.
 *
 * @param {string} name - a path in the cache
 * @returns {string} the folder's path
 * @throws {SetUpError} when this user may not write there
 */
export function makeCacheFolder(name) {
  const folder = join(cacheFolder(), name);
  try {
    mkdirSync(folder, { recursive: true });
    accessSync(folder, constants.W_OK);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new SetUpError(`the cache folder ${cacheFolder()} cannot be used: ${reason}`, { advice });
  }
  return folder;
}

/**
 * Checks whether programs in the cache can be run, before one is built there for minutes.
 *
 * @throws {SetUpError} when its file system is mounted with the option noexec (mount(8))
 */
export function requireExecutableCache() {
  const file = join(makeCacheFolder('workers'), `.program-${process.pid}`);
  try {
    writeFileSync(file, '');
    chmodSync(file, 0o755);
    requireExecutable(file);
  } finally {
    rmSync(file, { force: true });
  }
}

/**
 * @param {string} file - in the cache, and executable by its mode
 * @throws {SetUpError} when its file system is mounted with the option noexec
 */
export function requireExecutable(file) {
  try {
    // access(2) considers the mount option, also for root.
    accessSync(file, constants.X_OK);
  } catch {
    throw new SetUpError(
      `the worker cannot run in the cache folder ${cacheFolder()}: its file system is mounted with the option noexec`,
      { advice },
    );
  }
}
