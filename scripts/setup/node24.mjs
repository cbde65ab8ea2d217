import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { withLock } from './lock.mjs';
import { npmCommand } from './npm.mjs';
import { bundledNode } from './paths.mjs';
import { runLogged } from './run-logged.mjs';
import { SetUpError } from './set-up-error.mjs';
import { step } from './step.mjs';

const oldestUsable = 24;

/**
 * Node 24, which runs everything of ours that is TypeScript. It comes by the `node` package, whose install
 * script is the only one that set-up runs.
 *
 * @param {string} root The checkout, its dependencies installed.
 * @returns {Promise<string>} The path of the program.
 * @throws {SetUpError} When it can't be had and this process's own Node is older.
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
      // Alpine, for one: the package's program needs glibc, but there the system may have a Node 24.
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
  const npm = npmCommand();

  await runLogged(npm.program, [...npm.args, 'rebuild', 'node', '--ignore-scripts=false'], {
    what: 'npm rebuild node',
    cwd: root,
    advice: 'Its install script fetches a package from the npm registry: look at the network.',
  });
  if (!isReady(root)) {
    throw new SetUpError(`${bundledNode(root)} doesn't run or isn't ${wantedVersion(root)}`, {
      advice: `Start this with a Node >= ${oldestUsable} of your own, and it is used instead.`,
    });
  }
}

/** @param {string} root */
function isReady(root) {
  const node = bundledNode(root);

  if (!existsSync(node)) {
    return false;
  }

  const { stdout } = spawnSync(node, ['--version'], { encoding: 'utf8' });

  return stdout?.trim() === wantedVersion(root);
}

/** @param {string} root */
function wantedVersion(root) {
  const file = join(root, 'node_modules', 'node', 'package.json');

  return `v${JSON.parse(readFileSync(file, 'utf8')).version}`;
}
