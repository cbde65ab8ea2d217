import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runLogged } from '../setup/run-logged.mjs';
import { SetUpError } from '../setup/set-up-error.mjs';

const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg';

export interface DebianRelease {
  /** As Debian names it: `bookworm`, `bookworm-backports`. */
  readonly suite: string;
  /** A suite whose source packages are wanted. */
  readonly sourceSuite?: string;
  /** As Debian names it: `arm64`. Default: the machine's, and then packages installed here count as installed. */
  readonly architecture?: string;
}

/** An apt with lists of its own, at the mirror that the machine uses: it does not change the machine's. */
export interface PrivateApt {
  /** The folder that downloads go to. */
  readonly folder: string;
  /** @throws SetUpError when it fails */
  run(program: 'apt-get' | 'apt-cache', ...args: string[]): Promise<string>;
  /** Downloads packages, without those that they depend on. */
  download(packages: readonly string[]): Promise<void>;
  /** Unpacks all downloaded packages into a folder; nothing is installed. */
  unpack(to: string): Promise<void>;
}

/**
 * Uses a private apt with up-to-date lists, which is gone afterwards.
 *
 * @throws SetUpError when this machine knows no Debian mirror, or the mirror fails
 */
export async function withPrivateApt<T>(
  release: DebianRelease,
  use: (apt: PrivateApt) => Promise<T>,
): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'oneport-apt-'));
  try {
    configure(folder, release);
    const env = { ...process.env, APT_CONFIG: join(folder, 'apt.conf') };
    const apt: PrivateApt = {
      folder,
      run: (program, ...args) =>
        runLogged(program, args, { what: `${program} ${args[0]}`, cwd: folder, env }),
      async download(packages) {
        await this.run('apt-get', 'download', ...packages);
      },
      async unpack(to) {
        for (const from of [folder, join(folder, 'archives')]) {
          for (const deb of readdirSync(from).filter((entry) => entry.endsWith('.deb'))) {
            await runLogged('dpkg-deb', ['-x', join(from, deb), to], { what: `unpacking ${deb}` });
          }
        }
      },
    };
    await apt.run('apt-get', 'update');
    return await use(apt);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function configure(folder: string, { suite, sourceSuite, architecture = '' }: DebianRelease): void {
  const mirror = `${existsSync(keyring) ? `[signed-by=${keyring}] ` : ''}${mirrorOfMachine()}`;
  const sources = [`deb ${mirror} ${suite} main`];
  if (sourceSuite) {
    sources.push(`deb-src ${mirror} ${sourceSuite} main`);
  }
  mkdirSync(join(folder, 'lists/partial'), { recursive: true });
  mkdirSync(join(folder, 'archives/partial'), { recursive: true });
  writeFileSync(join(folder, 'nothing-installed'), '');
  writeFileSync(join(folder, 'sources.list'), `${sources.join('\n')}\n`);
  const status = architecture ? `${folder}/nothing-installed` : '/var/lib/dpkg/status';
  const settings = {
    ...(architecture && { 'APT::Architecture': architecture, 'APT::Architectures': architecture }),
    'Dir::State': folder,
    'Dir::State::status': status,
    'Dir::Cache': folder,
    'Dir::Etc::SourceList': `${folder}/sources.list`,
    'Dir::Etc::SourceParts': '/dev/null',
    'Dir::Etc::Preferences': '/dev/null',
    'Dir::Etc::PreferencesParts': '/dev/null',
    'Acquire::Languages': 'none',
    // apt's unprivileged user may not write to the folder.
    'APT::Sandbox::User': 'root',
  };
  writeFileSync(
    join(folder, 'apt.conf'),
    Object.entries(settings)
      .map(([name, value]) => `${name} "${value}";\n`)
      .join(''),
  );
}

function mirrorOfMachine(): string {
  const args = ['--format', '$(REPO_URI)', 'Created-By: Packages', 'Origin: Debian'];
  const { stdout } = spawnSync('apt-get', ['indextargets', ...args, 'Label: Debian'], {
    encoding: 'utf8',
  });
  const [mirror] = (stdout ?? '').split('\n');
  if (!mirror) {
    throw new SetUpError('apt knows no Debian mirror here', {
      advice: 'Run `apt-get update` once, as root.',
    });
  }
  return mirror;
}
