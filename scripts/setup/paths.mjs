import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The checkout: where the root package.json lies. */
export const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');

export { cacheFolder } from '../../server/src/config/cache-folder.mjs';

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
