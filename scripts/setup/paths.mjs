import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SetUpError } from './set-up-error.mjs';

/** The checkout: the folder of the root package.json. */
export const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');

/**
 * The folder of everything that outlives a checkout: workers, locks, logs of failed steps.
 *
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {string} An absolute path; nothing is created.
 * @throws {SetUpError} when it is not set and this user has no home folder
 */
export function cacheFolder(env = process.env) {
  return env.ONEPORT_CACHE
    ? resolve(env.ONEPORT_CACHE)
    : join(env.XDG_CACHE_HOME || join(home(), '.cache'), 'oneport');
}

function home() {
  try {
    return homedir();
  } catch {
    throw new SetUpError('this user has no home folder to keep a cache in', {
      advice: 'Set ONEPORT_CACHE to a folder that this user may write to.',
    });
  }
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
