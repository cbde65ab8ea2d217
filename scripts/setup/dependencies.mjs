import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
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
    await step('dependencies', `npm ci (${reason})`, () => install(root));
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
  if (!existsSync(stampFile(root))) {
    return 'node_modules was not made by oneport, or not completely';
  }
  if (readFileSync(stampFile(root), 'utf8') !== wantedStamp(root)) {
    return 'package.json, package-lock.json or .npmrc changed';
  }
  /** @type {Record<string, { optional?: boolean, devOptional?: boolean }>} */
  const locked = readJson(join(root, 'package-lock.json')).packages;
  const missing = Object.entries(locked).find(
    ([path, { optional, devOptional }]) =>
      path.includes('node_modules/') &&
      !(optional || devOptional) &&
      !existsSync(join(root, path, 'package.json')),
  );
  return missing && `${missing[0]} is missing`;
}

/** @param {string} root */
function wantedStamp(root) {
  const { workspaces = [] } = readJson(join(root, 'package.json'));
  const files = ['', ...workspaces].map((folder) => join(folder, 'package.json'));
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
function readJson(file) {
  return JSON.parse(readFileSync(file, 'utf8'));
}
