import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The checkout: where the root package.json lies. */
export const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');

/**
 * Where oneport keeps what outlives a checkout: workers, locks, logs of failed steps.
 *
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {string} An absolute path; nothing is created.
 */
export function cacheFolder(env = process.env) {
  if (env.ONEPORT_CACHE) {
    return resolve(env.ONEPORT_CACHE);
  }

  return join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'oneport');
}

/**
 * The Node 24 that the `node` package brings.
 *
 * @param {string} [checkout]
 * @returns {string}
 */
export function bundledNode(checkout = root) {
  const name = process.platform === 'win32' ? 'node.exe' : 'node';

  return join(checkout, 'node_modules', 'node', 'bin', name);
}
