import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { withLock } from '../../setup/lock.mjs';
import { cacheFolder } from '../../setup/paths.mjs';
import { runLogged } from '../../setup/run-logged.mjs';
import { SetUpError } from '../../setup/set-up-error.mjs';

const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg';

/** Upstream tarballs from Debian's source packages, whichever Debian release this machine runs. */
const tarballs = {
  libsrtp2: {
    name: 'libsrtp2_2.7.0.orig.tar.gz',
    sha256: '54facb1727a557c2a76b91194dcb2d0a453aaf8e2d0cbbf1e3c2848c323e28ad',
  },
  // For one header in its contrib folder: Debian has no package of unordered_dense.
  rspamd: {
    name: 'rspamd_3.12.1.orig.tar.xz',
    sha256: '8801ee6838114c5a9e69fc27e818be4d636c051f06c87a2c711111dc21a4a254',
  },
};
const sourceSuite = 'trixie';

export interface DebianSources {
  /** The folder with Meson's unpacked package. */
  readonly meson: string;
  /** Paths of the tarballs. */
  readonly libsrtp2: string;
  readonly rspamd: string;
  /** The folder with libcatch2-dev's unpacked package, if requested. */
  readonly catch2?: string;
}

/**
 * Gets what this Debian release lacks: a recent Meson and the source of two libraries. apt fetches them, once, with a
 * configuration and package lists of its own, which leaves the machine's unchanged.
 *
 * @param mesonSuite - the suite that has Meson >= 1.1: `bookworm-backports`
 * @throws SetUpError if the mirror lacks a file, or a checksum is wrong
 */
export async function getDebianSources(mesonSuite: string): Promise<DebianSources> {
  const { libsrtp2, rspamd } = tarballs;
  const folder = await fetched(
    // A change of a tarball gives another folder.
    `${mesonSuite}-${libsrtp2.sha256.slice(0, 8)}-${rspamd.sha256.slice(0, 8)}`,
    async (temporary) => {
      const apt = await updated(temporary, mesonSuite);

      await apt(['download', `meson/${mesonSuite}`]);
      await apt([
        'source',
        '--download-only',
        // Some mirrors lack .dsc files.
        '--tar-only',
        ...Object.keys(tarballs).map((name) => `${name}/${sourceSuite}`),
      ]);
      await unpack(temporary, 'meson');
    },
  );

  return {
    meson: join(folder, 'meson'),
    libsrtp2: checked(folder, libsrtp2),
    rspamd: checked(folder, rspamd),
  };
}

/**
 * Gets Catch2 >= 3.7, which the worker's unit tests use.
 *
 * @param suite - the suite that has it
 * @returns the folder with its unpacked package
 */
export async function getCatch2(suite: string): Promise<string> {
  const folder = await fetched(`${suite}-catch2`, async (temporary) => {
    const apt = await updated(temporary, suite);

    await apt(['download', `libcatch2-dev/${suite}`]);
    await unpack(temporary, 'libcatch2-dev');
  });

  return join(folder, 'libcatch2-dev');
}

/** Creates a folder in our cache, completely or not at all. */
async function fetched(name: string, make: (temporary: string) => Promise<void>): Promise<string> {
  const parent = join(cacheFolder(), 'debian-sources');
  const folder = join(parent, `${name}-${process.arch}`);

  mkdirSync(parent, { recursive: true });
  if (existsSync(folder)) {
    return folder;
  }

  return withLock(folder, async () => {
    if (existsSync(folder)) {
      return folder;
    }

    const temporary = mkdtempSync(join(parent, '.fetching-'));

    try {
      await make(temporary);
      rmSync(join(temporary, 'apt'), { recursive: true, force: true });
      renameSync(temporary, folder);
    } finally {
      rmSync(temporary, { recursive: true, force: true });
    }

    return folder;
  });
}

async function updated(
  folder: string,
  suite: string,
): Promise<(args: string[]) => Promise<string>> {
  const env = privateApt(folder, suite);
  const apt = (args: string[]) =>
    runLogged('apt-get', args, { what: `apt-get ${args[0]}`, cwd: folder, env });

  await apt(['update']);

  return apt;
}

async function unpack(folder: string, name: string): Promise<void> {
  const deb = readdirSync(folder).find(
    (entry) => entry.startsWith(`${name}_`) && entry.endsWith('.deb'),
  );

  if (!deb) {
    throw new SetUpError(`apt-get download ${name} left no package`);
  }
  await runLogged('dpkg-deb', ['-x', join(folder, deb), join(folder, name)], {
    what: `unpacking ${name}`,
  });
}

function privateApt(folder: string, mesonSuite: string): NodeJS.ProcessEnv {
  const state = join(folder, 'apt');
  const uri = mirror();
  const signed = existsSync(keyring) ? `[signed-by=${keyring}] ` : '';

  mkdirSync(join(state, 'lists/partial'), { recursive: true });
  mkdirSync(join(state, 'archives/partial'), { recursive: true });
  writeFileSync(
    join(state, 'sources.list'),
    `deb ${signed}${uri} ${mesonSuite} main\ndeb-src ${signed}${uri} ${sourceSuite} main\n`,
  );
  writeFileSync(
    join(state, 'apt.conf'),
    [
      `Dir::Etc::SourceList "${state}/sources.list";`,
      'Dir::Etc::SourceParts "/dev/null";',
      'Dir::Etc::Preferences "/dev/null";',
      'Dir::Etc::PreferencesParts "/dev/null";',
      `Dir::State "${state}";`,
      `Dir::State::Lists "${state}/lists";`,
      'Dir::State::status "/var/lib/dpkg/status";',
      `Dir::Cache "${state}";`,
      'Acquire::Languages "none";',
      // The folder is the user's own, and apt's unprivileged user may not write there.
      'APT::Sandbox::User "root";',
      '',
    ].join('\n'),
  );

  return { ...process.env, APT_CONFIG: join(state, 'apt.conf') };
}

/** @returns the mirror that this machine uses */
function mirror(): string {
  const ask = (args: string[]) =>
    spawnSync('apt-get', ['indextargets', '--format', '$(REPO_URI)', ...args], { encoding: 'utf8' })
      .stdout?.split('\n')
      .find((line) => line !== '');
  const uri = ask(['Created-By: Packages', 'Origin: Debian', 'Label: Debian']);

  if (!uri) {
    throw new SetUpError('apt knows no Debian mirror on this machine', {
      advice: 'Run `apt-get update` once, as root.',
    });
  }

  return uri;
}

function checked(folder: string, { name, sha256 }: { name: string; sha256: string }): string {
  const path = join(folder, name);

  if (!existsSync(path)) {
    throw new SetUpError(`the mirror's ${sourceSuite} no longer has ${name}`);
  }

  const found = createHash('sha256').update(readFileSync(path)).digest('hex');

  if (found !== sha256) {
    throw new SetUpError(`${name} has the SHA-256 ${found}; expected ${sha256}`);
  }

  return path;
}
