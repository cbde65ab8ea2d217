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
  writeFileSync,
} from 'node:fs';
import { basename, delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import type { TestContext } from 'vitest';
import { hasApt, operatingSystem } from '../setup/apt.mjs';
import { withLock } from '../setup/lock.mjs';
import { cacheFolder } from '../setup/paths.mjs';

const run = promisify(execFile);
const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg';

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
    const env = await privateApt(temporary, suite);

    await run('apt-get', ['update'], { env });
    await run('apt-get', ['download', ...names], { env, cwd: temporary });

    for (const deb of readdirSync(temporary).filter((entry) => entry.endsWith('.deb'))) {
      await run('dpkg-deb', ['-x', join(temporary, deb), join(temporary, 'unpacked')]);
    }
    renameSync(join(temporary, 'unpacked'), folder);
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

/** An apt with lists of its own, at the mirror that the machine uses: the machine's own stay as they are. */
async function privateApt(folder: string, suite: string): Promise<NodeJS.ProcessEnv> {
  const { stdout } = await run('apt-get', [
    'indextargets',
    '--format',
    '$(REPO_URI)',
    ...['Created-By: Packages', 'Label: Debian'],
  ]);
  const [mirror = ''] = stdout.split('\n');

  mkdirSync(join(folder, 'lists/partial'), { recursive: true });
  mkdirSync(join(folder, 'archives/partial'), { recursive: true });
  writeFileSync(
    join(folder, 'sources.list'),
    `deb ${existsSync(keyring) ? `[signed-by=${keyring}] ` : ''}${mirror} ${suite} main\n`,
  );
  writeFileSync(
    join(folder, 'apt.conf'),
    [
      `Dir::Etc::SourceList "${folder}/sources.list";`,
      'Dir::Etc::SourceParts "/dev/null";',
      'Dir::Etc::PreferencesParts "/dev/null";',
      `Dir::State "${folder}";`,
      'Dir::State::status "/var/lib/dpkg/status";',
      `Dir::Cache "${folder}";`,
      'Acquire::Languages "none";',
      'APT::Sandbox::User "root";',
      '',
    ].join('\n'),
  );

  return { ...process.env, APT_CONFIG: join(folder, 'apt.conf') };
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);

    return true;
  } catch {
    return false;
  }
}
