import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { track } from './children.mjs';
import { SetUpError } from './set-up-error.mjs';

/**
 * The mediasoup worker, got by scripts/worker, which is TypeScript and so runs in Node 24.
 *
 * @param {string} root The checkout.
 * @param {string} node24
 * @returns {Promise<string>} The path of the binary.
 * @throws {SetUpError} Without a message when none can be had: scripts/worker has said why.
 */
export async function getWorker(root, node24) {
  const child = track(
    spawn(node24, [join(root, 'scripts/worker/main.ts'), '--path'], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'inherit'],
    }),
  );
  let stdout = '';

  child.stdout.setEncoding('utf8').on('data', (text) => {
    stdout += text;
  });

  const code = await new Promise((settle, fail) => {
    child.once('error', fail);
    child.once('close', settle);
  });

  if (code !== 0) {
    // The reason has been printed.
    throw new SetUpError('');
  }

  return stdout.trim();
}
