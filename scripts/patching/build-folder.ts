import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const noteName = 'mediasoup-version';

/**
 * Empties a build folder of another release of mediasoup: ninja goes on with one by the names of what it made before,
 * and these differ between releases (3.27.1 moved what flatc generates). It would compile nearly everything anyway.
 *
 * @param folder - Made if it isn't there.
 * @param version - The release that is going to be built in it.
 */
export function emptyOfOtherRelease(folder: string, version: string): void {
  const note = join(folder, noteName);

  if (!existsSync(note) || readFileSync(note, 'utf8') !== version) {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    writeFileSync(note, version);
  }
}
