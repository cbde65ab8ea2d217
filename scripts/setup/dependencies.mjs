import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { contentHash } from './content-hash.mjs';
import { withLock } from './lock.mjs';
import { runNpm } from './run-logged.mjs';
import { step } from './step.mjs';

const advice = [
  'If the log says that package.json and package-lock.json are not in sync, run `npm install` once.',
  'If it says that a host was not found, look at `npm config get registry` and at the network.',
].join('\n');

/**
 * Brings node_modules in line with package-lock.json.
 *
 * @param {string} root - the checkout
 * @throws {import('./set-up-error.mjs').SetUpError} when `npm ci` fails
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
    // After the user's own `npm install`, node_modules stays as it is.
    if (!isInstalledAsLocked(root)) {
      await step('dependencies', `npm ci (${reason})`, () => install(root));
    }
    mkdirSync(join(root, 'node_modules'), { recursive: true });
    writeFileSync(stampFile(root), wantedStamp(root));
  });
}

/** @param {string} root */
async function install(root) {
  rmSync(stampFile(root), { force: true });
  // NODE_ENV=production would leave out Node 24 and vite. Packages that refuse the present Node run in Node 24.
  const includes = ['--include=dev', '--include=optional', '--engine-strict=false'];
  await runNpm(['ci', ...includes, '--loglevel=error'], {
    what: 'npm ci',
    cwd: root,
    advice,
    // After the reason npm prints all of its usage.
    noiseFrom: /npm error Clean install a project/,
  });
}

/**
 * @param {string} root
 * @returns {string | undefined} why an installation is needed; undefined when none is
 */
export function reasonToInstall(root) {
  if (!existsSync(join(root, 'node_modules'))) {
    return 'there is no node_modules yet';
  }
  const stamp = readIfThere(stampFile(root));
  if (stamp === undefined) {
    return 'node_modules is not complete';
  }
  if (stamp !== wantedStamp(root)) {
    return 'package.json, package-lock.json or .npmrc changed';
  }
  const missing = lockedPackages(root).find(
    ([path, entry]) => !isOptional(entry) && !existsSync(join(root, path, 'package.json')),
  );
  return missing && `${missing[0]} is missing`;
}

/**
 * Whether node_modules is what the lock file says. npm ends an installation by noting what it installed, and `npm ci`
 * begins by deleting that note.
 *
 * @param {string} root
 * @returns {boolean}
 */
export function isInstalledAsLocked(root) {
  /** @type {Record<string, Entry> | undefined} */
  const installed = readJson(join(root, 'node_modules', '.package-lock.json'))?.packages;
  if (!installed || !isLockInSync(root)) {
    return false;
  }
  const locked = lockedPackages(root);
  const paths = new Set(locked.map(([path]) => path));
  return (
    Object.keys(installed).every((path) => !isPackage(path) || paths.has(path)) &&
    locked.every(([path, entry]) => {
      const found = installed[path];
      if (!found || entry.link) {
        return found || isOptional(entry);
      }
      return (
        found.version === entry.version &&
        found.integrity === entry.integrity &&
        readJson(join(root, path, 'package.json'))?.version === entry.version
      );
    })
  );
}

/**
 * @param {string} root
 * @returns {boolean} whether each package.json of ours asks for what the lock file notes
 */
function isLockInSync(root) {
  const { packages } = readLock(root);
  return ['', ...workspaces(root)].every((folder) => {
    const own = readJson(join(root, folder, 'package.json'));
    return ['dependencies', 'devDependencies', 'optionalDependencies'].every((kind) =>
      isDeepStrictEqual(own?.[kind] ?? {}, packages[folder]?.[kind] ?? {}),
    );
  });
}

/**
 * A package as a lock file notes it.
 *
 * @typedef {{ version?: string, integrity?: string, link?: boolean, optional?: boolean, devOptional?: boolean }} Entry
 */

/**
 * @param {string} root
 * @returns {[path: string, Entry][]}
 */
function lockedPackages(root) {
  /** @type {[string, Entry][]} */
  const entries = Object.entries(readLock(root).packages);
  return entries.filter(([path]) => isPackage(path));
}

/** @param {string} path */
function isPackage(path) {
  return path.includes('node_modules/');
}

/** @param {Entry} entry */
function isOptional({ optional, devOptional }) {
  return Boolean(optional || devOptional);
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

/** @param {string} file */
function readIfThere(file) {
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
}

/** @param {string} file */
function readJson(file) {
  const text = readIfThere(file);
  return text === undefined ? undefined : JSON.parse(text);
}
