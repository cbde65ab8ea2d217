import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { filesBelow } from '../../setup/content-hash.mjs';
import { runLogged } from '../../setup/run-logged.mjs';
import { SetUpError } from '../../setup/set-up-error.mjs';

/** Paths of what a build needs and a Debian release lacks. */
export interface DebianSources {
  /** The folder with Meson's unpacked package. */
  readonly meson: string;
  /** Tarballs. */
  readonly libsrtp2: string;
  readonly rspamd: string;
  /** The folder with libcatch2-dev's unpacked package, if requested. */
  readonly catch2?: string;
}

const header = 'contrib/ankerl/unordered_dense.h';

/**
 * Puts Debian's libraries where mediasoup's Meson wraps would put their downloads. patches/debian-libraries.patch adds
 * the files; the folders change with mediasoup's releases, so the wraps name them.
 *
 * Files that are in place keep their date, so that a second build compiles nothing again.
 *
 * @param worker - mediasoup's worker folder, patched
 * @throws SetUpError if the patch is not applied, or a wrap is missing
 */
export async function placeDebianLibraries(worker: string, sources: DebianSources): Promise<void> {
  const subprojects = join(worker, 'subprojects');
  const ours = join(subprojects, 'debian');
  if (!existsSync(ours)) {
    throw new SetUpError(`there is no ${ours}: patches/debian-libraries.patch is not applied`);
  }
  const names = readdirSync(ours, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  for (const { name } of names) {
    copyChanged(join(ours, name), wrapFolder(subprojects, name));
  }
  await place(join(subprojects, 'libsrtp2'), 'meson.build', (folder) =>
    unpack(sources.libsrtp2, folder, ['--strip-components=1']),
  );
  await place(
    join(wrapFolder(subprojects, 'unordered-dense'), 'include'),
    'ankerl/unordered_dense.h',
    (folder) =>
      unpack(sources.rspamd, folder, ['--strip-components=2', '--wildcards', `*/${header}`]),
  );
  if (sources.catch2) {
    placeCatch2(sources.catch2, wrapFolder(subprojects, 'catch2'));
  }
}

function placeCatch2(unpacked: string, folder: string): void {
  const libraries = join(unpacked, 'usr/lib');
  const library = filesBelow(libraries, '.').find((file) => file.endsWith('libCatch2.a'));
  if (!library) {
    throw new SetUpError(`${unpacked} has no libCatch2.a`);
  }
  if (!existsSync(join(folder, 'lib'))) {
    cpSync(join(unpacked, 'usr/include'), join(folder, 'include'), { recursive: true });
    mkdirSync(join(folder, 'lib'));
    cpSync(join(libraries, library), join(folder, 'lib', 'libCatch2.a'));
  }
}

/** Fills a folder, unless it has the file that the content includes. */
async function place(
  folder: string,
  file: string,
  fill: (folder: string) => Promise<unknown>,
): Promise<void> {
  if (!existsSync(join(folder, file))) {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    await fill(folder);
  }
}

function unpack(tarball: string, folder: string, options: string[]): Promise<string> {
  return runLogged('tar', ['-xf', tarball, '-C', folder, ...options], {
    what: `unpacking for ${folder}`,
  });
}

function copyChanged(from: string, to: string): void {
  for (const file of filesBelow(from, '.')) {
    const content = readFileSync(join(from, file));
    const target = join(to, file);
    if (!existsSync(target) || !readFileSync(target).equals(content)) {
      mkdirSync(join(target, '..'), { recursive: true });
      writeFileSync(target, content);
    }
  }
}

function wrapFolder(subprojects: string, name: string): string {
  const file = join(subprojects, `${name}.wrap`);
  const [, directory] = readFileSync(file, 'utf8').match(/^directory *= *(.+)$/m) ?? [];
  if (!directory) {
    throw new SetUpError(`${file} has no line \`directory = ...\``);
  }
  return join(subprojects, directory.trim());
}
