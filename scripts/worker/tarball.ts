import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { join } from 'node:path';
import { npmCommand } from '../setup/npm.mjs';
import { cacheFolder } from '../setup/paths.mjs';
import { runLogged } from '../setup/run-logged.mjs';
import { SetUpError } from '../setup/set-up-error.mjs';

export interface Release {
  readonly version: string;
  /** As package-lock.json notes it: `sha512-...`. Undefined: what the registry has is believed. */
  readonly integrity?: string;
}

/**
 * mediasoup's npm tarball, out of our cache, else npm's, else the registry. Once it was had, no network is needed.
 *
 * @returns The path of a file that stays.
 * @throws {SetUpError} When it can't be had, or isn't the one with that integrity.
 */
export async function getTarball({ version, integrity }: Release): Promise<string> {
  const folder = join(cacheFolder(), 'tarballs');
  const file = join(folder, `mediasoup-${version}.tgz`);

  if (existsSync(file) && (!integrity || integrityOf(file) === integrity)) {
    return file;
  }
  mkdirSync(folder, { recursive: true });

  const temporary = mkdtempSync(join(folder, '.pack-'));

  try {
    const packed = await pack(version, temporary);
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

async function pack(version: string, folder: string): Promise<string> {
  const npm = npmCommand();

  await runLogged(
    npm.program,
    [
      ...npm.args,
      'pack',
      `mediasoup@${version}`,
      '--ignore-scripts',
      '--prefer-offline',
      `--pack-destination=${folder}`,
    ],
    { what: `npm pack mediasoup@${version}`, cwd: folder },
  );

  const name = readdirSync(folder).find((entry) => entry.endsWith('.tgz'));

  if (!name) {
    throw new SetUpError('npm pack mediasoup left no tarball');
  }

  return join(folder, name);
}

function integrityOf(file: string): string {
  return `sha512-${createHash('sha512').update(readFileSync(file)).digest('base64')}`;
}
