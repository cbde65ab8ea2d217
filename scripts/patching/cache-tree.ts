import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { withLock } from '../setup/lock.mjs';
import { cacheFolder } from '../setup/paths.mjs';
import { say } from '../setup/step.mjs';
import { pinnedMediasoup, readInputs } from '../worker/inputs.ts';
import type { Kind } from './build.ts';
import { checkOut } from './checkout.ts';
import { type Patch, pathsOf } from './patch-file.ts';
import { runUnitTests } from './unit-tests.ts';

/**
 * Does work in a work tree of our cache, which is nobody's: checks and proofs build there. Its builds stay, so that
 * the next one compiles only what differs.
 *
 * @param patches - What is checked out.
 * @param work - Told the folder.
 */
export async function inCacheTree<T>(
  root: string,
  patches: readonly Patch[],
  work: (tree: string) => Promise<T>,
): Promise<T> {
  const release = pinnedMediasoup(root);
  const tree = join(cacheFolder(), 'trees', `mediasoup-${release.version}`);

  return withLock(tree, async () => {
    await checkOut(tree, { release, patches, force: true });

    return work(tree);
  });
}

/**
 * Runs the worker's C++ unit tests with the patches of the checkout, once for each change of what they compile.
 *
 * @throws {SetUpError} When one fails; then they run again the next time.
 */
export async function runPinnedUnitTests(
  root: string,
  patches: readonly Patch[],
  kind: Kind,
): Promise<void> {
  const key = keyOf(root, patches, kind);
  const passed = join(cacheFolder(), 'unit-tests', key);

  if (existsSync(passed)) {
    say(
      `the worker's C++ unit tests have passed with these patches: ${key.slice(0, 16)} in the cache`,
    );

    return;
  }

  const { summary, left } = await inCacheTree(root, patches, (tree) => runUnitTests(tree, kind));

  for (const line of left) {
    say(`left out: ${line}`);
  }
  say(`the worker's C++ unit tests: ${summary}`);
  mkdirSync(join(passed, '..'), { recursive: true });
  writeFileSync(passed, `${summary}\n`);
}

/** Another header of a patch, or another patch of the JavaScript, compiles nothing. */
function keyOf(root: string, patches: readonly Patch[], kind: Kind): string {
  const { mediasoup, recipe, platform } = readInputs(root);
  const diffs = patches
    .filter(({ diff }) => pathsOf(diff).some((path) => path.startsWith('worker/')))
    .map(({ diff }) => diff);

  return createHash('sha256')
    .update(JSON.stringify({ mediasoup, recipe, platform, kind, diffs }))
    .digest('hex');
}
