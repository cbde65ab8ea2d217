import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * A hash of the names and contents of files, independent of their order and dates.
 *
 * @param {string} base - the folder that names are relative to
 * @param {string[]} files - paths below base
 * @param {string[]} [more] - anything else that the hash depends on
 * @returns {string} SHA-256 in hex
 */
export function contentHash(base, files, more = []) {
  const hash = createHash('sha256');
  for (const file of [...files].sort()) {
    const content = readFileSync(join(base, file));
    hash.update(`${file}\0${content.length}\0`).update(content);
  }
  for (const text of more) {
    hash.update(`\0${text.length}\0${text}`);
  }
  return hash.digest('hex');
}

/**
 * @param {string} base
 * @param {string} folder - below base; '.' for base itself
 * @param {(name: string) => boolean} [skip] - is given the name of a file or folder, without its path
 * @returns {string[]} all files of the folder, relative to base
 */
export function filesBelow(base, folder, skip = () => false) {
  return readdirSync(join(base, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (skip(entry.name)) {
      return [];
    }
    return entry.isDirectory() ? filesBelow(base, path, skip) : entry.isFile() ? [path] : [];
  });
}
