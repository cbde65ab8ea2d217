import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { runLogged } from './run-logged.mjs';
import { SetUpError } from './set-up-error.mjs';
import { say, step } from './step.mjs';

/**
 * Reads /etc/os-release (os-release(5)).
 *
 * @returns {{ id: string, like: string[], version: string, codename: string, name: string }}
 *   empty strings where there is no such file (macOS)
 */
export function operatingSystem() {
  const file = '/etc/os-release';
  const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
  /** @param {string} key */
  const value = (key) => text.match(new RegExp(`^${key}="?([^"\\n]*)"?$`, 'm'))?.[1] ?? '';
  const id = value('ID');
  return {
    id,
    like: [id, ...value('ID_LIKE').split(' ')].filter(Boolean),
    version: value('VERSION_ID'),
    codename: value('VERSION_CODENAME'),
    name: value('PRETTY_NAME'),
  };
}

/** @returns {boolean} whether packages are installed by apt here */
export function hasApt() {
  return operatingSystem().like.includes('debian') && existsSync('/usr/bin/apt-get');
}

/**
 * @param {string[]} packages - Debian packages
 * @returns {string[]} those that are not installed
 */
export function missingPackages(packages) {
  const { stdout } = spawnSync('dpkg-query', ['--status', ...packages], { encoding: 'utf8' });
  const installed = new Set(
    (stdout ?? '')
      .split('\n\n')
      .filter((entry) => /^Status: \S+ ok installed$/m.test(entry))
      .map((entry) => entry.match(/^Package: (.+)$/m)?.[1]),
  );
  return packages.filter((name) => !installed.has(name));
}

/**
 * @param {NodeJS.ProcessEnv} env
 * @returns {string | undefined} why apt may not be called here; undefined when it may
 */
function reasonNotToUseApt(env) {
  if (!hasApt()) {
    return 'this system has no apt';
  }
  if (env.ONEPORT_NO_APT && env.ONEPORT_NO_APT !== '0') {
    return 'ONEPORT_NO_APT is set';
  }
  return process.getuid?.() === 0 ? undefined : 'only root may install packages';
}

/**
 * Installs Debian packages, after saying which and why.
 *
 * @param {string[]} packages
 * @param {string} why - their purpose: `for the browser tests`
 * @param {NodeJS.ProcessEnv} [env] - ONEPORT_NO_APT forbids it
 * @throws {SetUpError} when apt may not be called (the message has the command to run) or fails
 */
export async function aptInstall(packages, why, env = process.env) {
  const missing = missingPackages(packages);
  if (missing.length === 0) {
    return;
  }
  const reason = reasonNotToUseApt(env);
  if (reason) {
    throw new SetUpError(
      `Packages are missing ${why}: ${missing.join(' ')}. oneport does not install them because ${reason}.`,
      { advice: `Run this, then start again:\n  ${aptCommand(missing)}` },
    );
  }
  say(`apt-get installs, ${why}: ${missing.join(' ')} (ONEPORT_NO_APT=1 forbids it)`);
  await step('system packages', `apt-get install (${missing.length} and what they need)`, () =>
    install(missing),
  );
}

/** @param {string[]} packages */
function aptCommand(packages) {
  const sudo = process.getuid?.() === 0 ? '' : 'sudo ';
  return `${sudo}apt-get update && ${sudo}apt-get install --no-install-recommends ${packages.join(' ')}`;
}

/** @param {string[]} packages */
async function install(packages) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const options = ['-y', '--no-install-recommends', '-o', 'DPkg::Lock::Timeout=600'];
  const attempt = () =>
    runLogged('apt-get', ['install', ...options, ...packages], {
      what: 'apt-get install',
      env,
      advice: `To try it by hand:\n  ${aptCommand(packages)}`,
    });
  try {
    await attempt();
  } catch (error) {
    if (!(error instanceof SetUpError)) {
      throw error;
    }
    // There are no lists, they are older than the mirror, or an earlier installation was interrupted.
    await runLogged('dpkg', ['--configure', '-a'], { what: 'dpkg --configure', env });
    await runLogged('apt-get', ['update'], { what: 'apt-get update', env });
    await attempt();
  }
}
