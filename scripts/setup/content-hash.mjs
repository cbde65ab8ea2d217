import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';

/**
 * A hash of files' names and contents, the same whatever their order and dates.
 *
 * @param {string} base What the names are relative to.
 * @param {string[]} files Paths below base.
 * @param {string[]} [more] What else the result depends on.
 * @returns {string} SHA-256 in hex.
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
 * @param {string} folder Below base.
 * @param {(name: string) => boolean} [skip] Told a file's or folder's own name.
 * @returns {string[]} All files of the folder, relative to base, with `/` between the parts.
 */
export function filesBelow(base, folder, skip = () => false) {
  /** @type {string[]} */
  const found = [];

  for (const entry of readdirSync(join(base, folder), { withFileTypes: true })) {
    const path = join(folder, entry.name);

    if (skip(entry.name)) {
      continue;
    }
    if (entry.isDirectory()) {
      found.push(...filesBelow(base, path, skip));
    } else if (entry.isFile()) {
      found.push(relative(base, join(base, path)).split(sep).join('/'));
    }
  }

  return found;
}
