// Plain JavaScript without dependencies, because set-up imports it too, before Node 24 and node_modules exist.
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

/**
 * The folder of everything that outlives a checkout: workers, locks, logs of failed steps, the port map's token.
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
