import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { track } from './children.mjs';
import { withLock } from './lock.mjs';
import { bundledNode } from './paths.mjs';
import { runNpm } from './run-logged.mjs';
import { SetUpError } from './set-up-error.mjs';
import { step } from './step.mjs';

const oldestUsable = 24;

/**
 * Node 24, which runs all our TypeScript. The `node` package brings it; its install script is the only one that
 * set-up runs.
 *
 * @param {string} root - the checkout, its dependencies installed
 * @returns {Promise<string>} the path of the program
 * @throws {SetUpError} when it is not available and this process's own Node is older
 */
export async function getNode24(root) {
  if (isReady(root)) {
    return bundledNode(root);
  }
  return withLock(root, async () => {
    if (isReady(root)) {
      return bundledNode(root);
    }
    try {
      await step('Node 24', `npm rebuild node (${wantedVersion(root)})`, () => rebuild(root));
    } catch (error) {
      // On Alpine the package's program lacks glibc, but the system may have a Node 24.
      if (
        error instanceof SetUpError &&
        Number(process.versions.node.split('.')[0]) >= oldestUsable
      ) {
        return process.execPath;
      }
      throw error;
    }
    return bundledNode(root);
  });
}

/** @param {string} root */
async function rebuild(root) {
  await runNpm(['rebuild', 'node', '--ignore-scripts=false'], {
    what: 'npm rebuild node',
    cwd: root,
    advice: 'Its install script fetches a package from the npm registry: check the network.',
  });
  if (!isReady(root)) {
    throw new SetUpError(`${bundledNode(root)} does not run or is not ${wantedVersion(root)}`, {
      advice: `Start this with a Node >= ${oldestUsable} of your own, and it is used instead.`,
    });
  }
}

/** @param {string} root */
function isReady(root) {
  const node = bundledNode(root);
  return (
    existsSync(node) &&
    spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout?.trim() === wantedVersion(root)
  );
}

/** @param {string} root */
function wantedVersion(root) {
  const file = join(root, 'node_modules', 'node', 'package.json');
  return `v${JSON.parse(readFileSync(file, 'utf8')).version}`;
}

/**
 * Gets the mediasoup worker by scripts/worker.
 *
 * @param {string} root - the checkout
 * @param {string} node24
 * @returns {Promise<string>} the path of the binary
 * @throws {SetUpError} without a message: scripts/worker has printed the reason
 */
export async function getWorker(root, node24) {
  return (await runScript(root, node24, 'scripts/worker/main.ts', '--path')).trim();
}

/**
 * Applies the patches of mediasoup's JavaScript to node_modules, by scripts/patching.
 *
 * @param {string} root - the checkout, its dependencies installed
 * @param {string} node24
 * @throws {SetUpError} without a message: scripts/patching has printed the reason
 */
export async function bringNodeLib(root, node24) {
  await runScript(root, node24, 'scripts/patching/node-lib.ts');
}

/**
 * @param {string} root
 * @param {string} node24
 * @param {...string} args - a script's path relative to root, and its arguments
 * @returns {Promise<string>} stdout
 */
async function runScript(root, node24, ...args) {
  const child = track(spawn(node24, args, { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] }));
  const code = new Promise((settle, fail) => {
    child.once('error', fail);
    child.once('close', settle);
  });
  const stdout = text(child.stdout);
  if ((await code) !== 0) {
    throw new SetUpError('');
  }
  return stdout;
}
