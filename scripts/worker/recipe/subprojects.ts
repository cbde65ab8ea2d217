import { cpSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runLogged } from '../../setup/run-logged.mjs';
import { SetUpError } from '../../setup/set-up-error.mjs';
import type { DebianSources } from './debian-sources.ts';

const header = 'contrib/ankerl/unordered_dense.h';

/**
 * Puts Debian's libraries where mediasoup's Meson wraps would put their downloads. What to put there comes from
 * patches/debian-libraries.patch; where it goes changes with mediasoup's releases, so the wraps are asked.
 *
 * @param worker - mediasoup's worker folder, patched.
 * @throws {SetUpError} When the patch is not applied, or a wrap is missing.
 */
export async function placeDebianLibraries(worker: string, sources: DebianSources): Promise<void> {
  const subprojects = join(worker, 'subprojects');
  const ours = join(subprojects, 'debian');
  const names = readdirSync(ours, { withFileTypes: true }).filter((entry) => entry.isDirectory());

  for (const { name } of names) {
    cpSync(join(ours, name), wrapFolder(subprojects, name), { recursive: true });
  }

  const libsrtp2 = join(subprojects, 'libsrtp2');
  const dense = join(wrapFolder(subprojects, 'unordered-dense'), 'include');

  mkdirSync(libsrtp2);
  await runLogged('tar', ['-xf', sources.libsrtp2, '-C', libsrtp2, '--strip-components=1'], {
    what: 'unpacking libsrtp2',
  });
  mkdirSync(dense, { recursive: true });
  await runLogged(
    'tar',
    ['-xf', sources.rspamd, '-C', dense, '--strip-components=2', '--wildcards', `*/${header}`],
    { what: 'unpacking unordered_dense' },
  );
}

function wrapFolder(subprojects: string, name: string): string {
  const file = join(subprojects, `${name}.wrap`);
  const [, directory] = readFileSync(file, 'utf8').match(/^directory *= *(.+)$/m) ?? [];

  if (!directory) {
    throw new SetUpError(`${file} doesn't say its directory`);
  }

  return join(subprojects, directory.trim());
}
