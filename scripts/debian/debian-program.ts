import { basename, join } from 'node:path';
import type { TestContext } from 'vitest';
import { hasApt, operatingSystem } from '../setup/apt.mjs';
import { cachedFolder } from '../setup/cached-folder.mjs';
import { findProgram } from '../setup/programs.mjs';
import { withPrivateApt } from './private-apt.ts';

export interface DebianProgram {
  /** The package. */
  readonly name: string;
  /** The program's path in it. */
  readonly file: string;
  /** Packages of libraries that the program needs and a machine may lack; they are unpacked beside it. */
  readonly libraries?: readonly string[];
  /** The Debian release to take it from. Default: the machine's. */
  readonly suite?: string;
}

/**
 * For tests that try our files with a program: takes it from PATH, or else from a Debian package that is unpacked into
 * our cache and not installed, so that no service of it is started. If neither works, the test is skipped.
 *
 * @returns the program's path
 */
export async function debianProgram(
  { name, file, libraries = [], suite = operatingSystem().codename }: DebianProgram,
  { skip }: Pick<TestContext, 'skip'>,
): Promise<string> {
  const program = basename(file);
  const installed = findProgram(program);
  if (installed) {
    return installed;
  }
  if (!hasApt()) {
    return skip(`${program} is not in PATH`);
  }
  try {
    const folder = await cachedFolder(
      `debian-programs/${name}-${suite}-${process.arch}`,
      (temporary) =>
        withPrivateApt({ suite }, async (apt) => {
          await apt.download([name, ...libraries]);
          await apt.unpack(temporary);
        }),
    );
    return join(folder, file);
  } catch (error) {
    return skip(`${program} is not in PATH, and Debian's is not available: ${String(error)}`);
  }
}
