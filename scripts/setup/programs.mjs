import { accessSync, constants } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';
import { aptInstall, hasApt, operatingSystem } from './apt.mjs';
import { SetUpError } from './set-up-error.mjs';

/**
 * @typedef {object} Program
 * @property {string} title What people call it.
 * @property {string[]} names What to look for, in this order: names in PATH or absolute paths.
 * @property {string} [variable] Names the program itself when set, and hands on what was found.
 * @property {string[]} debian
 * @property {string} fedora
 * @property {string} brew
 * @property {boolean} [linuxOnly]
 * @property {boolean} [rootOnly] Its tests are skipped for others.
 */

/** @type {Program[]} */
const programsOfTests = [
  {
    title: 'Chromium',
    variable: 'CHROMIUM_BIN',
    names: [
      'chromium',
      'chromium-browser',
      'google-chrome',
      'google-chrome-stable',
      '/Applications/Chromium.app/Contents/MacOS/Chromium',
      '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
    ],
    debian: ['chromium', 'fonts-liberation'],
    fedora: 'chromium',
    brew: '--cask chromium',
  },
  {
    title: 'Firefox',
    variable: 'FIREFOX_BIN',
    names: ['firefox-esr', 'firefox', '/Applications/Firefox.app/Contents/MacOS/firefox'],
    debian: ['firefox-esr'],
    fedora: 'firefox',
    brew: '--cask firefox',
  },
  {
    title: 'ip (network namespaces)',
    names: ['ip'],
    debian: ['iproute2'],
    fedora: 'iproute',
    brew: '',
    linuxOnly: true,
  },
  {
    title: 'bpftool',
    names: ['bpftool'],
    debian: ['bpftool'],
    fedora: 'bpftool',
    brew: '',
    linuxOnly: true,
    rootOnly: true,
  },
  {
    title: 'strace',
    names: ['strace'],
    debian: ['strace'],
    fedora: 'strace',
    brew: '',
    linuxOnly: true,
    rootOnly: true,
  },
  {
    title: 'systemd-analyze',
    names: ['systemd-analyze'],
    debian: ['systemd'],
    fedora: 'systemd',
    brew: '',
    linuxOnly: true,
    rootOnly: true,
  },
  {
    title: 'openssl',
    names: ['openssl'],
    debian: ['openssl'],
    fedora: 'openssl',
    brew: 'openssl',
  },
];

/**
 * Sees to it that the programs that the tests start are there; on Debian, apt brings them.
 *
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {Promise<NodeJS.ProcessEnv>} Variables that tell the tests where they are.
 * @throws {SetUpError} When one is missing and can't be installed; names all that are missing.
 */
export async function getProgramsOfTests(env = process.env) {
  const wanted = programsOfTests.filter(
    (program) =>
      (!program.linuxOnly || process.platform === 'linux') &&
      (!program.rootOnly || process.geteuid?.() === 0),
  );
  const missing = wanted.filter((program) => !find(program, env));

  if (missing.length > 0) {
    if (!hasApt()) {
      throw new SetUpError(`The tests need ${listed(missing)}, not found in PATH.`, {
        advice: `Install what is missing, then start again:\n${installHints(missing)}`,
      });
    }
    await aptInstall(
      missing.flatMap((program) => program.debian),
      'for the tests',
      env,
    );

    const still = missing.filter((program) => !find(program, env));

    if (still.length > 0) {
      throw new SetUpError(`The packages are installed, yet ${listed(still)} can't be found.`, {
        advice: 'Put it into PATH, or name it yourself: CHROMIUM_BIN, FIREFOX_BIN.',
      });
    }
  }

  return Object.fromEntries(
    wanted.flatMap((program) => (program.variable ? [[program.variable, find(program, env)]] : [])),
  );
}

/**
 * @param {Program} program
 * @param {NodeJS.ProcessEnv} env
 * @returns {string | undefined} An absolute path.
 */
function find(program, env) {
  const own = program.variable && env[program.variable];

  // ip lies in /usr/sbin, which isn't in everybody's PATH.
  const folders = [...(env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin'].filter(Boolean);
  const candidates = (own ? [own] : program.names).flatMap((name) =>
    isAbsolute(name) ? [name] : folders.map((folder) => join(folder, name)),
  );

  return candidates.find(isExecutable);
}

/** @param {string} path */
function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);

    return true;
  } catch {
    return false;
  }
}

/** @param {Program[]} programs */
function listed(programs) {
  return programs.map((program) => program.title).join(', ');
}

/** @param {Program[]} programs */
function installHints(programs) {
  if (process.platform === 'darwin') {
    return programs.map((program) => `  brew install ${program.brew}`).join('\n');
  }

  const { like } = operatingSystem();

  if (like.includes('fedora') || like.includes('rhel')) {
    return `  sudo dnf install ${programs.map((program) => program.fedora).join(' ')}`;
  }

  return `  (Debian's names: ${programs.flatMap((program) => program.debian).join(' ')})`;
}
