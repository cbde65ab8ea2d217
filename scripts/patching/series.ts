import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SetUpError } from '../setup/set-up-error.mjs';
import { readSeries } from '../worker/inputs.ts';
import { type Patch, parsePatch } from './patch-file.ts';

/** @returns The patches of a folder, in order. */
export function readPatches(folder: string): Patch[] {
  return readSeries(folder).map(({ name, path }) =>
    parsePatch(name.replace(/\.patch$/, ''), readFileSync(path, 'utf8'), path),
  );
}

/** @returns The folder of patches of a checkout. */
export function patchesFolder(root: string): string {
  const folder = join(root, 'patches');

  if (!existsSync(join(folder, 'series'))) {
    throw new SetUpError(`${folder} has no file \`series\``);
  }

  return folder;
}
