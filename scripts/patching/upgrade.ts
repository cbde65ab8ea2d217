import { existsSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { SetUpError } from '../setup/set-up-error.mjs';
import { say } from '../setup/step.mjs';
import type { Release } from '../worker/tarball.ts';
import { verifyWorker } from '../worker/verify.ts';
import { buildTree } from './build.ts';
import { readCommits } from './export.ts';
import { tryGit } from './git.ts';
import { pristineOf, versionOf, withRepository } from './history.ts';
import type { Patch } from './patch-file.ts';
import { commitPristine } from './pristine.ts';
import { requireNoOperation, requireTree, uncommitted, unresolved } from './tree.ts';
import { runUnitTests } from './unit-tests.ts';
import { type Fate, isMissing, planUpgrade } from './upgrade-plan.ts';

/**
 * Says what another release would do to each patch, and changes nothing.
 *
 * @param build - Compile the result too and run its unit tests, because applying is not working.
 * @returns Whether all is well: no conflict, and what was built passes.
 */
export async function tryUpgrade(
  root: string,
  patches: readonly Patch[],
  { from, to, build }: { from: Release; to: Release; build: boolean },
): Promise<boolean> {
  return withRepository(async (repository) => {
    const { fates } = planUpgrade(
      repository,
      patches,
      await commitPristine(repository, from),
      await commitPristine(repository, to),
    );
    const missing = fates.filter(({ fate }) => isMissing(fate));

    say(`mediasoup ${from.version} -> ${to.version}`);
    for (const { patch, fate } of fates) {
      say(`  ${patch.name}: ${told(fate)}`);
    }
    if (!build) {
      return missing.length === 0;
    }
    if (missing.length > 0) {
      say(`  built without ${missing.map(({ patch }) => patch.name).join(', ')}:`);
    }

    return (await tellOfBuild(root, repository)) && missing.length === 0;
  });
}

/**
 * Rebases the work tree onto another release.
 *
 * @throws {SetUpError} At a conflict, with git's rebase waiting, and what to do.
 */
export async function upgradeTree(
  root: string,
  tree: string,
  { to, build }: { to: Release; build: boolean },
): Promise<boolean> {
  requireTree(tree);
  requireNoOperation(tree);

  const changes = uncommitted(tree);

  if (changes.length > 0) {
    throw new SetUpError(`${tree} has changes that no commit holds`, {
      tail: changes.join('\n'),
      advice: 'Commit or stash them first.',
    });
  }

  const before = readCommits(tree);
  const old = pristineOf(tree);
  const fresh = await commitPristine(tree, to);

  say(`mediasoup ${versionOf(tree, old)} -> ${to.version}: git rebase --onto, in ${tree}`);

  const rebased = tryGit(tree, ['rebase', '--quiet', '--empty=drop', '--onto', fresh, old]);

  if (!rebased.ok) {
    const { stdout: subject } = tryGit(tree, ['log', '-1', '--format=%s', 'REBASE_HEAD']);

    throw new SetUpError(`the rebase has stopped at a conflict, in: ${subject.trim()}`, {
      tail: unresolved(tree).join('\n') || rebased.stderr.trim(),
      advice: [
        "It waits, with git's own tools:",
        `  cd ${tree}`,
        '  git status                 which patch, which files',
        '  git diff                   what conflicts; edit, then git add',
        '  git rebase --continue      (--skip drops the patch, --abort goes back to before)',
        'and when it is through:',
        '  npm run patch -- build && npm run patch -- test && npm run patch -- export',
      ].join('\n'),
    });
  }

  const after = new Set(readCommits(tree).map(({ name }) => name));

  for (const { name } of before) {
    say(`  ${name}: ${after.has(name) ? 'rebased' : 'dropped, already upstream'}`);
  }

  const works = !build || (await tellOfBuild(root, tree));

  say('next: npm run patch -- build, test and export; then package.json gets the new version');

  return works;
}

async function tellOfBuild(root: string, tree: string): Promise<boolean> {
  // mediasoup's JavaScript is that of the tree; what it depends on is ours.
  if (!existsSync(join(tree, 'node_modules'))) {
    symlinkSync(join(root, 'node_modules'), join(tree, 'node_modules'));
  }

  const builds = await attempt('builds', async () => {
    await buildTree(tree, 'debug', 'mediasoup-worker');

    return 'yes';
  });
  const starts =
    builds &&
    (await attempt('starts, and answers its own JavaScript', async () => {
      await verifyWorker(
        join(tree, 'worker/out/debug/mediasoup-worker'),
        join(tree, 'node/lib/index.js'),
      );

      return 'yes';
    }));
  const passes =
    builds &&
    (await attempt('passes its unit tests', async () => {
      const { summary, left } = await runUnitTests(tree, 'debug');

      return `${summary}; left out: ${left.length === 0 ? 'none' : left.join(', ')}`;
    }));

  return builds && starts && passes;
}

async function attempt(what: string, work: () => Promise<string>): Promise<boolean> {
  try {
    say(`  ${what}: ${await work()}`);

    return true;
  } catch (error) {
    if (!(error instanceof SetUpError)) {
      throw error;
    }
    say(`  ${what}: NO: ${error.message}`);

    return false;
  }
}

function told(fate: Fate): string {
  switch (fate.what) {
    case 'conflicts':
      return `conflicts in ${fate.files.join(', ')}`;
    case 'left out':
      return `left out, since it needs ${fate.needs}`;
    default:
      return fate.what;
  }
}
