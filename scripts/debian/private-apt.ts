import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg';

export interface DebianRelease {
  /** As Debian names it: `bookworm`. */
  readonly suite: string;
  /** As Debian names it: `arm64`. By default the machine's, and then what is installed here counts as installed. */
  readonly architecture?: string;
}

/**
 * An apt with lists of its own, at the mirror that the machine uses: the machine's own stay as they are.
 *
 * @param folder - for its lists and archives
 * @returns the environment for `apt-get`, whose lists are up to date
 */
export async function privateApt(
  folder: string,
  { suite, architecture }: DebianRelease,
): Promise<NodeJS.ProcessEnv> {
  const { stdout } = await run('apt-get', [
    'indextargets',
    '--format',
    '$(REPO_URI)',
    ...['Created-By: Packages', 'Label: Debian'],
  ]);
  const [mirror = ''] = stdout.split('\n');

  mkdirSync(join(folder, 'lists/partial'), { recursive: true });
  mkdirSync(join(folder, 'archives/partial'), { recursive: true });
  writeFileSync(join(folder, 'nothing-installed'), '');
  writeFileSync(
    join(folder, 'sources.list'),
    `deb ${existsSync(keyring) ? `[signed-by=${keyring}] ` : ''}${mirror} ${suite} main\n`,
  );
  writeFileSync(
    join(folder, 'apt.conf'),
    [
      ...(architecture
        ? [
            `APT::Architecture "${architecture}";`,
            `APT::Architectures { "${architecture}"; };`,
            `Dir::State::status "${folder}/nothing-installed";`,
          ]
        : ['Dir::State::status "/var/lib/dpkg/status";']),
      `Dir::Etc::SourceList "${folder}/sources.list";`,
      'Dir::Etc::SourceParts "/dev/null";',
      'Dir::Etc::PreferencesParts "/dev/null";',
      `Dir::State "${folder}";`,
      `Dir::Cache "${folder}";`,
      'Acquire::Languages "none";',
      'APT::Sandbox::User "root";',
      '',
    ].join('\n'),
  );

  const env = { ...process.env, APT_CONFIG: join(folder, 'apt.conf') };

  await run('apt-get', ['update'], { env });

  return env;
}
