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

/** Upstream tarballs out of Debian's source packages, whatever Debian release this machine runs. */
const tarballs = {
  libsrtp2: {
    name: 'libsrtp2_2.7.0.orig.tar.gz',
    sha256: '54facb1727a557c2a76b91194dcb2d0a453aaf8e2d0cbbf1e3c2848c323e28ad',
  },
  // For one header in its contrib folder: no Debian package of unordered_dense exists.
  rspamd: {
    name: 'rspamd_3.12.1.orig.tar.xz',
    sha256: '8801ee6838114c5a9e69fc27e818be4d636c051f06c87a2c711111dc21a4a254',
  },
};
const sourceSuite = 'trixie';

export interface DebianSources {
  /** The folder that meson's package was unpacked to. */
  readonly meson: string;
  /** The paths of the tarballs. */
  readonly libsrtp2: string;
  readonly rspamd: string;
  /** The folder that libcatch2-dev was unpacked to, when it is wanted. */
  readonly catch2?: string;
}

/**
 * What the machine's own Debian release lacks: a Meson that is new enough, and two libraries' source. apt fetches
 * it, once, with a configuration and lists of its own, so that the machine's stay as they are.
 *
 * @param mesonSuite - Where Meson >= 1.1 is to be found: `bookworm-backports`.
 * @throws {SetUpError} When the mirror lacks something, or a sum is wrong.
 */
export async function getDebianSources(mesonSuite: string): Promise<DebianSources> {
  const { libsrtp2, rspamd } = tarballs;
  const folder = await fetched(
    // Another tarball is another folder.
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
 * Catch2 >= 3.7, of which the worker's unit tests are made.
 *
 * @param suite - Where it is to be found.
 * @returns The folder that its package was unpacked to.
 */
export async function getCatch2(suite: string): Promise<string> {
  const folder = await fetched(`${suite}-catch2`, async (temporary) => {
    const apt = await updated(temporary, suite);

    await apt(['download', `libcatch2-dev/${suite}`]);
    await unpack(temporary, 'libcatch2-dev');
  });

  return join(folder, 'libcatch2-dev');
}

/** Makes a folder of our cache: whole, or not at all. */
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
      // The folder is the person's own: apt's unprivileged user may not write there.
      'APT::Sandbox::User "root";',
      '',
    ].join('\n'),
  );

  return { ...process.env, APT_CONFIG: join(state, 'apt.conf') };
}

/** The mirror that this machine uses. */
function mirror(): string {
  const ask = (args: string[]) =>
    spawnSync('apt-get', ['indextargets', '--format', '$(REPO_URI)', ...args], { encoding: 'utf8' })
      .stdout?.split('\n')
      .find((line) => line !== '');
  const uri = ask(['Created-By: Packages', 'Origin: Debian', 'Label: Debian']);

  if (!uri) {
    throw new SetUpError("apt doesn't know a Debian mirror here", {
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
    throw new SetUpError(`${name} has the SHA-256 ${found}, which should be ${sha256}`);
  }

  return path;
}
