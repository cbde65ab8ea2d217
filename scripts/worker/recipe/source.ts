import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parsePatch } from '../../patching/patch-file.ts';
import { checkOut } from '../../patching/tree.ts';
import type { WorkerInputs } from '../inputs.ts';

/**
 * Checks out mediasoup's source, as its npm tarball carries it, with our patches: the same way as `npm run patch --
 * checkout`, so that a patch which passes the checks cannot fail here.
 *
 * @param folder - an empty folder of ours
 * @returns the path of the source
 * @throws SetUpError if the tarball is not available or not the one that package-lock.json names, or a patch does not
 *   apply
 */
export async function getSource(
  { mediasoup, patches }: Pick<WorkerInputs, 'mediasoup' | 'patches'>,
  folder: string,
): Promise<string> {
  const source = join(folder, 'mediasoup');
  await checkOut(source, {
    release: mediasoup,
    patches: patches.map(({ name, path }) => parsePatch(name, readFileSync(path), path)),
  });
  return source;
}
