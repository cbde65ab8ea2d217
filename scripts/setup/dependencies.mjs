import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { contentHash } from './content-hash.mjs';
import { withLock } from './lock.mjs';
import { npmCommand } from './npm.mjs';
import { runLogged } from './run-logged.mjs';
import { step } from './step.mjs';

const advice = [
  'If the log says that package.json and package-lock.json are not in sync, run `npm install` once.',
  'If it says that a host was not found, look at `npm config get registry` and at the network.',
].join('\n');

/**
 * Brings node_modules in line with package-lock.json, when it isn't.
 *
 * @param {string} root The checkout.
 * @throws {import('./set-up-error.mjs').SetUpError} When `npm ci` fails.
 */
export async function installDependencies(root) {
  if (!reasonToInstall(root)) {
    return;
  }
  await withLock(root, async () => {
    const reason = reasonToInstall(root);

    if (!reason) {
      return;
    }
    if (isInstalledAsLocked(root)) {
      // The person ran `npm install`: there is nothing left to do, and node_modules stays as it is.
      writeStamp(root);

      return;
    }
    await step('dependencies', `npm ci (${reason})`, async () => {
      const npm = npmCommand();

      rmSync(stampFile(root), { force: true });
      await runLogged(
        npm.program,
        // With NODE_ENV=production npm would leave out Node 24 and vite. Node 24 is also what runs the
        // packages that refuse the Node of this moment.
        [
          ...npm.args,
          'ci',
          '--include=dev',
          '--include=optional',
          '--engine-strict=false',
          '--loglevel=error',
        ],
        // After what is wrong npm prints all of its usage.
        { what: 'npm ci', cwd: root, advice, noiseFrom: /npm error Clean install a project/ },
      );
      writeStamp(root);
    });
  });
}

/**
 * @param {string} root
 * @returns {string | undefined} Why an installation is needed; undefined when none is.
 */
export function reasonToInstall(root) {
  const stamp = readIfThere(stampFile(root));

  if (!existsSync(join(root, 'node_modules'))) {
    return 'there is no node_modules yet';
  }
  if (stamp === undefined) {
    return 'node_modules is not complete';
  }
  if (stamp !== wantedStamp(root)) {
    return 'package.json, package-lock.json or .npmrc changed';
  }

  const missing = lockedPackages(root).find(
    ({ path, optional }) => !optional && !existsSync(join(root, path, 'package.json')),
  );

  return missing && `${missing.path} is missing`;
}

/**
 * Whether what lies in node_modules is what the lock file says. npm notes at the very end of an installation
 * what it installed, and `npm ci` begins by deleting that note.
 *
 * @param {string} root
 * @returns {boolean}
 */
export function isInstalledAsLocked(root) {
  const note = readIfThere(join(root, 'node_modules', '.package-lock.json'));

  if (note === undefined || !isLockInSync(root)) {
    return false;
  }

  /** @type {Record<string, { version?: string, integrity?: string }>} */
  const installed = JSON.parse(note).packages;
  const locked = lockedPackages(root);
  const paths = new Set(locked.map(({ path }) => path));

  return (
    Object.keys(installed).every((path) => !isPackage(path) || paths.has(path)) &&
    locked.every(({ path, optional, link, version, integrity }) => {
      const entry = installed[path];

      if (!entry) {
        return optional;
      }
      if (link) {
        return true;
      }

      return (
        entry.version === version &&
        entry.integrity === integrity &&
        readJson(join(root, path, 'package.json'))?.version === version
      );
    })
  );
}

/**
 * @param {string} root
 * @returns {boolean} Whether each package.json of ours asks for what the lock file notes.
 */
function isLockInSync(root) {
  const { packages } = readLock(root);

  return ['', ...workspaces(root)].every((folder) => {
    const own = readJson(join(root, folder, 'package.json'));
    const noted = packages[folder];

    return ['dependencies', 'devDependencies', 'optionalDependencies'].every((kind) =>
      isDeepStrictEqual(own?.[kind] ?? {}, noted?.[kind] ?? {}),
    );
  });
}

/**
 * @typedef {object} LockedPackage
 * @property {string} path
 * @property {boolean} optional
 * @property {boolean} link
 * @property {string} [version]
 * @property {string} [integrity]
 */

/**
 * @param {string} root
 * @returns {LockedPackage[]}
 */
function lockedPackages(root) {
  return Object.entries(readLock(root).packages)
    .filter(([path]) => isPackage(path))
    .map(([path, entry]) => ({
      path,
      optional: Boolean(entry.optional || entry.devOptional),
      link: Boolean(entry.link),
      version: entry.version,
      integrity: entry.integrity,
    }));
}

/** @param {string} path */
function isPackage(path) {
  return path.includes('node_modules/');
}

/** @param {string} root */
function readLock(root) {
  return JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
}

/**
 * @param {string} root
 * @returns {string[]}
 */
function workspaces(root) {
  return readJson(join(root, 'package.json'))?.workspaces ?? [];
}

/** @param {string} root */
function wantedStamp(root) {
  const files = ['', ...workspaces(root)].map((folder) => join(folder, 'package.json'));

  return contentHash(
    root,
    [...files, 'package-lock.json', '.npmrc'].filter((file) => existsSync(join(root, file))),
    [process.platform, process.arch],
  );
}

/** @param {string} root */
function stampFile(root) {
  return join(root, 'node_modules', '.oneport-dependencies');
}

/** @param {string} root */
function writeStamp(root) {
  mkdirSync(join(root, 'node_modules'), { recursive: true });
  writeFileSync(stampFile(root), wantedStamp(root));
}

/**
 * @param {string} file
 * @returns {string | undefined}
 */
function readIfThere(file) {
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
}

/** @param {string} file */
function readJson(file) {
  const text = readIfThere(file);

  return text === undefined ? undefined : JSON.parse(text);
}
