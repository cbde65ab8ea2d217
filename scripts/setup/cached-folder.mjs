import { existsSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { makeCacheFolder } from './cache-folder.mjs';
import { withLock } from './lock.mjs';
import { cacheFolder } from './paths.mjs';

/**
 * A folder of the cache that is made once, completely or not at all, by one process at a time.
 *
 * @param {string} name - a path in the cache
 * @param {(temporary: string) => Promise<unknown>} fill - fills an empty folder, which then gets its name
 * @returns {Promise<string>} the folder's path
 */
export async function cachedFolder(name, fill) {
  const folder = join(cacheFolder(), name);
  if (existsSync(folder)) {
    return folder;
  }
  makeCacheFolder(dirname(name));
  return withLock(folder, async () => {
    if (existsSync(folder)) {
      return folder;
    }
    const temporary = mkdtempSync(`${folder}-`);
    try {
      await fill(temporary);
      renameSync(temporary, folder);
    } finally {
      rmSync(temporary, { recursive: true, force: true });
    }
    return folder;
  });
}
