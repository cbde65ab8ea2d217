import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { runCli } from '../cli.ts';
import { interruptible } from '../setup/children.mjs';
import { withLock } from '../setup/lock.mjs';
import { root as checkout } from '../setup/paths.mjs';
import { say } from '../setup/step.mjs';
import { pinnedMediasoup } from '../worker/inputs.ts';
import { git, tryGit } from './git.ts';
import { formatPatch, type Patch, patchesFolder, pathsOf, readPatches } from './patch-file.ts';
import { commitSeries, isStored, pristineOf, store } from './repository.ts';
import { requireTree, treeFolder, treeKind } from './tree.ts';

const part = 'node/lib';

/**
 * Brings node_modules/mediasoup's JavaScript in line with patches/. Prints nothing if it already is.
 *
 * @param root - the checkout, with its dependencies installed
 * @param patches - in order
 */
export async function bringPatches(root: string, patches: readonly Patch[]): Promise<void> {
  const touching = patches.some(touchesJavaScript) ? patches : [];
  // As npm has installed it. Not even mediasoup's tarball is needed.
  if (touching.length === 0 && !existsSync(indexOf(root))) {
    return;
  }
  const release = pinnedMediasoup(root);
  const key = createHash('sha256').update(`${release.version} ${release.integrity}`);
  for (const patch of touching) {
    key.update(formatPatch(patch));
  }
  // `npm start` asks each time, and applying takes a second.
  const ref = `refs/series/${key.digest('hex')}`;
  if (!isStored(ref)) {
    git(store(), ['update-ref', ref, await commitSeries(release, touching)]);
  }
  const pristine = git(store(), ['rev-parse', `${pristineOf(store(), ref)}:${part}`]).trim();
  const wanted = git(store(), ['rev-parse', `${ref}:${part}`]).trim();
  await bring(root, store(), { wanted, pristine, source: 'patches/' });
}

/** Does the same with the JavaScript of a work tree, committed or not. */
export async function bringTree(root: string, tree: string): Promise<void> {
  const index = join(tree, `.git/oneport-index-${process.pid}`);
  const env = { GIT_INDEX_FILE: index };
  try {
    git(tree, ['read-tree', 'HEAD'], { env });
    git(tree, ['add', '--all', '--', part], { env });
    const wanted = git(tree, ['write-tree', `--prefix=${part}/`], { env }).trim();
    const pristine = git(tree, ['rev-parse', `${pristineOf(tree)}:${part}`]).trim();
    await bring(root, join(tree, '.git'), { wanted, pristine, source: 'the work tree' });
  } finally {
    rmSync(index, { force: true });
  }
}

/** @returns whether a patch changes what node_modules/mediasoup runs */
export function touchesJavaScript(patch: Pick<Patch, 'diff'>): boolean {
  return pathsOf(patch).some((path) => path.startsWith(`${part}/`));
}

/** A git index of node/lib, while it is not mediasoup's own. An npm that replaces the package deletes it too. */
function indexOf(root: string): string {
  return join(root, 'node_modules/mediasoup/.oneport-index');
}

/** Checks out a git tree in node_modules: git knows which files changed, disappeared, or are no longer wanted. */
async function bring(
  root: string,
  gitFolder: string,
  { wanted, pristine, source }: { wanted: string; pristine: string; source: string },
): Promise<void> {
  const index = indexOf(root);
  const folder = join(root, 'node_modules/mediasoup', part);
  const env = { GIT_DIR: gitFolder, GIT_WORK_TREE: folder, GIT_INDEX_FILE: index };
  const inLine = () => {
    if (!existsSync(index)) {
      return wanted === pristine;
    }
    tryGit(folder, ['update-index', '-q', '--refresh'], { env });
    return wanted !== pristine && tryGit(folder, ['diff-index', '--quiet', wanted], { env }).ok;
  };
  if (inLine()) {
    return;
  }
  await withLock(root, async () => {
    if (inLine()) {
      return;
    }
    rmSync(`${index}.lock`, { force: true });
    mkdirSync(folder, { recursive: true });
    git(folder, ['read-tree', '--reset', '-u', wanted], { env });
    // Files that an interrupted run has created and not noted.
    git(folder, ['clean', '--quiet', '-ffdx'], { env });
    if (wanted === pristine) {
      rmSync(index);
    }
    say(`mediasoup's JavaScript in node_modules is now that of ${source}`);
  });
}

// The step of the set-up, run by scripts/setup/node24.mjs.
if (import.meta.main) {
  await interruptible(() =>
    runCli({
      name: 'node-lib',
      usage: 'Usage: node scripts/patching/node-lib.ts\n',
      options: {},
      async run() {
        const tree = treeFolder(checkout);
        if (treeKind()) {
          requireTree(tree);
          await bringTree(checkout, tree);
        } else {
          await bringPatches(checkout, readPatches(patchesFolder(checkout)));
        }
        return 0;
      },
    }),
  );
}
