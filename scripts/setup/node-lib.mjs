import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { track } from './children.mjs';
import { SetUpError } from './set-up-error.mjs';

/**
 * Brings what patches/ changes in mediasoup's JavaScript to node_modules, by scripts/patching, which is TypeScript and
 * so runs in Node 24.
 *
 * @param {string} root The checkout, its dependencies installed.
 * @param {string} node24
 * @throws {SetUpError} Without a message when it fails: scripts/patching has said why.
 */
export async function bringNodeLib(root, node24) {
  if (!mayNeed(root)) {
    return;
  }

  const child = track(
    spawn(node24, [join(root, 'scripts/patching/node-lib.ts')], {
      cwd: root,
      stdio: ['ignore', 'ignore', 'inherit'],
    }),
  );
  const code = await new Promise((settle, fail) => {
    child.once('error', fail);
    child.once('close', settle);
  });

  if (code !== 0) {
    throw new SetUpError('');
  }
}

/**
 * Starting another Node takes longer than looking whether there is anything for it to do.
 *
 * @param {string} root
 */
function mayNeed(root) {
  const patches = join(root, 'patches');

  return (
    /^tree\b/.test(process.env.ONEPORT_WORKER ?? '') ||
    existsSync(join(root, 'node_modules/mediasoup/.oneport-index')) ||
    readdirSync(patches).some(
      (name) =>
        name.endsWith('.patch') &&
        readFileSync(join(patches, name), 'utf8').includes('\ndiff --git a/node/lib/'),
    )
  );
}
