import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The checkout: the folder of the root package.json. */
export const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');

/**
 * The folder of everything that outlives a checkout: workers, locks, logs of failed steps.
 *
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {string} An absolute path; nothing is created.
 */
export function cacheFolder(env = process.env) {
  return env.ONEPORT_CACHE
    ? resolve(env.ONEPORT_CACHE)
    : join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'oneport');
}

/**
 * The Node 24 that the `node` package brings.
 *
 * @param {string} [checkout]
 * @returns {string}
 */
export function bundledNode(checkout = root) {
  return join(checkout, 'node_modules/node/bin/node');
}
