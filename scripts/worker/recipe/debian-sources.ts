import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
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
}

/**
 * Fetches what the machine's own Debian release lacks: a Meson that is new enough, and two libraries' source.
 * apt does it, with a configuration and lists of its own, so that the machine's stay as they are.
 *
 * @param folder - An empty folder of ours.
 * @param mesonSuite - Where Meson >= 1.1 is to be found: `bookworm-backports`.
 * @throws {SetUpError} When the mirror lacks something, or a sum is wrong.
 */
export async function getDebianSources(folder: string, mesonSuite: string): Promise<DebianSources> {
  const env = privateApt(folder, mesonSuite);
  const apt = (args: string[]) =>
    runLogged('apt-get', args, { what: `apt-get ${args[0]}`, cwd: folder, env });

  await apt(['update']);
  await apt(['download', `meson/${mesonSuite}`]);
  await apt([
    'source',
    '--download-only',
    // Some mirrors lack .dsc files.
    '--tar-only',
    ...Object.keys(tarballs).map((name) => `${name}/${sourceSuite}`),
  ]);

  const deb = readdirSync(folder).find((name) => /^meson_.*\.deb$/.test(name));

  if (!deb) {
    throw new SetUpError('apt-get download meson left no package');
  }

  const meson = join(folder, 'meson');

  await runLogged('dpkg-deb', ['-x', join(folder, deb), meson], { what: 'unpacking meson' });

  return {
    meson,
    libsrtp2: checked(folder, tarballs.libsrtp2),
    rspamd: checked(folder, tarballs.rspamd),
  };
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
