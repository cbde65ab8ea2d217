import { execFile } from 'node:child_process';
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { basename, delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import type { TestContext } from 'vitest';
import { hasApt, operatingSystem } from '../setup/apt.mjs';
import { withLock } from '../setup/lock.mjs';
import { cacheFolder } from '../setup/paths.mjs';
import { privateApt } from './private-apt.ts';

const run = promisify(execFile);

export interface DebianProgram {
  /** The package. */
  readonly name: string;
  /** Where the program lies in it. */
  readonly file: string;
  /** Packages of the libraries that it needs and that a machine may lack; they are unpacked beside it. */
  readonly libraries?: readonly string[];
  /** Which Debian release it is taken from; by default, the machine's. */
  readonly suite?: string;
}

/**
 * For tests: a program that they try our files with. It is taken from PATH, else out of a Debian package that is
 * unpacked into our cache and not installed, so that no service of it is ever started. Where neither can be had, the
 * test is skipped, and says why.
 *
 * @returns The program's path.
 */
export async function debianProgram(
  { name, file, libraries = [], suite = operatingSystem().codename }: DebianProgram,
  { skip }: Pick<TestContext, 'skip'>,
): Promise<string> {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin'];
  const installed = folders.map((folder) => join(folder, basename(file))).find(isExecutable);

  if (installed) {
    return installed;
  }
  if (!hasApt()) {
    return skip(`takes ${basename(file)} in PATH`);
  }

  const folder = join(cacheFolder(), 'debian-programs', `${name}-${suite}-${process.arch}`);

  mkdirSync(join(folder, '..'), { recursive: true });
  try {
    await withLock(folder, async () => {
      if (!existsSync(folder)) {
        await unpack([name, ...libraries], suite, folder);
      }
    });
  } catch (error) {
    return skip(`takes ${basename(file)} in PATH; Debian's can't be had: ${String(error)}`);
  }

  return join(folder, file);
}

async function unpack(names: readonly string[], suite: string, folder: string): Promise<void> {
  const temporary = mkdtempSync(`${folder}-`);

  try {
    const env = await privateApt(temporary, { suite });

    await run('apt-get', ['download', ...names], { env, cwd: temporary });

    for (const deb of readdirSync(temporary).filter((entry) => entry.endsWith('.deb'))) {
      await run('dpkg-deb', ['-x', join(temporary, deb), join(temporary, 'unpacked')]);
    }
    renameSync(join(temporary, 'unpacked'), folder);
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);

    return true;
  } catch {
    return false;
  }
}
