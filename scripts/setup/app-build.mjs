import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { contentHash, filesBelow } from './content-hash.mjs';
import { withLock } from './lock.mjs';
import { runLogged } from './run-logged.mjs';
import { step } from './step.mjs';

const stampName = '.oneport-build';

/**
 * Builds the browser app to app/dist when what it is made of changed. The stamp is part of what is renamed
 * into place, so a build that was cut off is never taken for a whole one.
 *
 * @param {string} root The checkout.
 * @param {string} node24
 * @throws {import('./set-up-error.mjs').SetUpError} When vite fails.
 */
export async function buildApp(root, node24) {
  if (isBuilt(root)) {
    return;
  }
  await withLock(root, async () => {
    if (isBuilt(root)) {
      return;
    }
    await step('app', 'vite build (first build, or its source changed)', () => build(root, node24));
  });
}

/**
 * @param {string} root
 * @param {string} node24
 */
async function build(root, node24) {
  const app = join(root, 'app');
  const dist = join(app, 'dist');
  const fresh = join(app, `.dist-${process.pid}`);
  const old = join(app, `.dist-old-${process.pid}`);
  const stamp = inputs(root);

  removeLeftovers(app);
  await runLogged(
    node24,
    [join(root, 'node_modules/vite/bin/vite.js'), 'build', '--outDir', fresh, '--emptyOutDir'],
    { what: 'vite build', cwd: app },
  );
  writeFileSync(join(fresh, stampName), stamp);
  if (existsSync(dist)) {
    renameSync(dist, old);
  }
  renameSync(fresh, dist);
  rmSync(old, { recursive: true, force: true });
}

/** @param {string} app */
function removeLeftovers(app) {
  for (const name of readdirSync(app)) {
    if (/^\.dist-/.test(name)) {
      rmSync(join(app, name), { recursive: true, force: true });
    }
  }
}

/** @param {string} root */
function isBuilt(root) {
  const stamp = join(root, 'app', 'dist', stampName);

  return existsSync(stamp) && readFileSync(stamp, 'utf8') === inputs(root);
}

/**
 * @param {string} root
 * @returns {string} A hash of all that the built app depends on.
 */
function inputs(root) {
  /** @param {string} name */
  const skip = (name) =>
    name === 'node_modules' ||
    name === 'dist' ||
    name.startsWith('.dist-') ||
    /\.test\.tsx?$/.test(name);
  // The app shows docs/ at /docs.
  const files = ['app', 'protocol', 'docs'].flatMap((folder) => filesBelow(root, folder, skip));
  // Vite hands these to the app's code.
  const variables = Object.keys(process.env)
    .filter((name) => name.startsWith('VITE_'))
    .sort()
    .map((name) => `${name}=${process.env[name]}`);

  return contentHash(root, [...files, 'package-lock.json'], variables);
}
