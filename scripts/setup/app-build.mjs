import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { contentHash, filesBelow } from './content-hash.mjs';
import { withLock } from './lock.mjs';
import { runLogged } from './run-logged.mjs';
import { SetUpError } from './set-up-error.mjs';
import { step } from './step.mjs';

const stampName = '.oneport-build';

/**
 * Builds the browser app to app/dist when its sources have changed. The stamp is part of what is renamed into place,
 * so an interrupted build is never taken for a complete one.
 *
 * @param {string} root - the checkout
 * @param {string} node24
 * @throws {import('./set-up-error.mjs').SetUpError} when vite fails
 */
export async function buildApp(root, node24) {
  if (isBuilt(root)) {
    return;
  }
  await withLock(root, async () => {
    if (!isBuilt(root)) {
      const why = 'vite build (first build, or its source changed)';
      await step('app', why, () => build(root, node24));
    }
  });
}

/**
 * Vite takes these characters of a module's path for the beginning of a query or a fragment.
 *
 * @param {string} root
 * @throws {SetUpError} when the app cannot be built in this folder
 */
export function requireBuildableRoot(root) {
  const [character] = /[#?]/.exec(root) ?? [];
  if (character) {
    throw new SetUpError(
      `the app cannot be built in ${root}, because the path has a ${character}`,
      {
        advice: 'Move or rename the folder, then start again.',
      },
    );
  }
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
  for (const name of readdirSync(app).filter((entry) => entry.startsWith('.dist-'))) {
    rmSync(join(app, name), { recursive: true, force: true });
  }
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

/** @param {string} root */
function isBuilt(root) {
  const stamp = join(root, 'app', 'dist', stampName);
  return existsSync(stamp) && readFileSync(stamp, 'utf8') === inputs(root);
}

/**
 * @param {string} root
 * @returns {string} a hash of everything that the built app depends on
 */
function inputs(root) {
  /** @param {string} name */
  const skip = (name) =>
    /^(node_modules|dist)$/.test(name) || name.startsWith('.dist-') || /\.test\.tsx?$/.test(name);
  // The app shows docs/ at /docs.
  const files = ['app', 'protocol', 'docs'].flatMap((folder) => filesBelow(root, folder, skip));
  // Vite passes these to the app's code.
  const variables = Object.entries(process.env)
    .filter(([name]) => name.startsWith('VITE_'))
    .map(([name, value]) => `${name}=${value}`)
    .sort();
  return contentHash(root, [...files, 'package-lock.json'], variables);
}
