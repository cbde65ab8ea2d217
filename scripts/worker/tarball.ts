import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { makeCacheFolder } from '../setup/cache-folder.mjs';
import { cacheFolder } from '../setup/paths.mjs';
import { runNpm } from '../setup/run-logged.mjs';
import { SetUpError } from '../setup/set-up-error.mjs';

export interface Release {
  readonly version: string;
  /** As in package-lock.json: `sha512-...`. Undefined: the registry's tarball is accepted as it is. */
  readonly integrity?: string;
}

/**
 * Gets mediasoup's npm tarball from our cache, npm's cache or the registry. Once it is cached, no network is needed.
 *
 * @returns the path of a file that stays
 * @throws SetUpError when it is not available or has another integrity
 */
export async function getTarball({ version, integrity }: Release): Promise<string> {
  const folder = join(cacheFolder(), 'tarballs');
  const file = join(folder, `mediasoup-${version}.tgz`);
  if (existsSync(file) && (!integrity || integrityOf(file) === integrity)) {
    return file;
  }
  makeCacheFolder('tarballs');
  const temporary = mkdtempSync(join(folder, '.pack-'));
  try {
    const name = `mediasoup@${version}`;
    const output = await runNpm(
      ['pack', name, '--ignore-scripts', '--prefer-offline', '--silent'],
      {
        what: `npm pack ${name}`,
        cwd: temporary,
      },
    );
    const packed = join(temporary, output.trim());
    const found = integrityOf(packed);
    if (integrity && found !== integrity) {
      throw new SetUpError(
        `mediasoup's tarball has the integrity ${found}, package-lock.json says ${integrity}`,
      );
    }
    renameSync(packed, file);
    return file;
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

function integrityOf(file: string): string {
  return `sha512-${createHash('sha512').update(readFileSync(file)).digest('base64')}`;
}
