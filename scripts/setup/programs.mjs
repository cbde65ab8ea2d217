import { accessSync, constants } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';
import { aptInstall, hasApt } from './apt.mjs';
import { SetUpError } from './set-up-error.mjs';

/**
 * @typedef {object} Program
 * @property {string[]} names - names in PATH or absolute paths, in the order in which they are tried
 * @property {string} [title] - by default the first name
 * @property {string} [variable] - names the program itself when set, and passes on what was found
 * @property {string[]} [debian] - its packages, by default called like the program
 * @property {'linux' | 'linux as root'} [only] - elsewhere its tests are skipped
 */

/** @type {Program[]} */
const programsOfTests = [
  {
    title: 'Chromium',
    variable: 'CHROMIUM_BIN',
    names: [
      ...['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'],
      '/Applications/Chromium.app/Contents/MacOS/Chromium',
      '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
    ],
    debian: ['chromium', 'fonts-liberation'],
  },
  {
    title: 'Firefox',
    variable: 'FIREFOX_BIN',
    names: ['firefox-esr', 'firefox', '/Applications/Firefox.app/Contents/MacOS/firefox'],
  },
  { names: ['ip'], debian: ['iproute2'], only: 'linux' },
  { names: ['bpftool'], only: 'linux as root' },
  { names: ['strace'], only: 'linux as root' },
  { names: ['systemd-analyze'], debian: ['systemd'], only: 'linux as root' },
  { names: ['openssl'] },
];

/**
 * Makes sure that the programs that the tests start are available; on Debian, apt installs them.
 *
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {Promise<NodeJS.ProcessEnv>} variables that tell the tests where they are
 * @throws {SetUpError} when programs are missing and cannot be installed; it names all of them
 */
export async function getProgramsOfTests(env = process.env) {
  const wanted = programsOfTests.filter(
    ({ only }) =>
      (!only || process.platform === 'linux') &&
      (only !== 'linux as root' || process.geteuid?.() === 0),
  );
  const missing = wanted.filter((program) => !find(program, env));
  if (missing.length > 0) {
    if (!hasApt()) {
      throw new SetUpError(`The tests need ${listed(missing)}, not found in PATH.`, {
        advice: `Install them, then start again. Debian calls the packages ${missing.flatMap(debianPackages).join(', ')}.`,
      });
    }
    await aptInstall(missing.flatMap(debianPackages), 'for the tests', env);
    const still = missing.filter((program) => !find(program, env));
    if (still.length > 0) {
      throw new SetUpError(`${listed(still)}: not found, although the packages are installed.`, {
        advice: 'Add the program to PATH, or set its path: CHROMIUM_BIN, FIREFOX_BIN.',
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
 * @returns {string | undefined} an absolute path
 */
function find({ variable, names }, env) {
  const own = variable && env[variable];
  return (own ? [own] : names)
    .map((name) => findProgram(name, env))
    .find((path) => path !== undefined);
}

/**
 * Looks for a program in PATH, and in the folders of system programs, which not every user has in PATH.
 *
 * @param {string} program - a name or an absolute path
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {string | undefined} an absolute path
 */
export function findProgram(program, env = process.env) {
  const folders = [...(env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin'].filter(Boolean);
  const paths = isAbsolute(program) ? [program] : folders.map((folder) => join(folder, program));
  return paths.find((path) => {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** @param {Program} program */
function debianPackages({ names: [name = ''], debian = [name] }) {
  return debian;
}

/** @param {Program[]} programs */
function listed(programs) {
  return programs.map(({ title, names }) => title ?? names[0]).join(', ');
}
