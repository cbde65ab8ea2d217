import { existsSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { SetUpError } from '../setup/set-up-error.mjs';
import { say } from '../setup/step.mjs';
import type { Release } from '../worker/tarball.ts';
import { verifyWorker } from '../worker/verify.ts';
import { buildTree, runUnitTests } from './build.ts';
import { git, gitLines, tryGit } from './git.ts';
import { needsOf, type Patch } from './patch-file.ts';
import {
  commitPristine,
  commitSeries,
  inWorktree,
  pristineOf,
  readCommits,
  store,
  versionOf,
} from './repository.ts';
import { requireNoOperation, uncommitted, unresolved } from './tree.ts';

/** The effect of another release on a patch. */
export interface Outcome {
  readonly what: string;
  /** The release is without the patch and without its change. */
  readonly missing?: boolean;
}

/**
 * Prints what another release does to each patch, and changes nothing.
 *
 * @param build - also compile the result, start it and run its unit tests
 * @returns whether no patch conflicts, and what was built passes
 */
export async function tryUpgrade(
  root: string,
  patches: readonly Patch[],
  { from, to, build }: { from: Release; to: Release; build: boolean },
): Promise<boolean> {
  const head = await commitSeries(from, patches);
  return inWorktree(store(), await commitPristine(to), async (folder) => {
    const outcomes = planUpgrade(folder, patches, head);
    const missing = patches.filter((_, index) => outcomes[index]?.missing);
    say(`mediasoup ${from.version} -> ${to.version}`);
    for (const [index, { what }] of outcomes.entries()) {
      say(`  ${patches[index]?.name}: ${what}`);
    }
    if (!build) {
      return missing.length === 0;
    }
    if (missing.length > 0) {
      say(`  built without ${missing.map(({ name }) => name).join(', ')}:`);
    }
    git(folder, ['reset', '--quiet', '--hard']);
    return (await reportBuild(root, folder)) && missing.length === 0;
  });
}

/**
 * Cherry-picks each patch, as `git rebase --onto` would. A patch that conflicts is left out, and so are those that need
 * it.
 *
 * @param folder - a work tree at the other release; afterwards it has the patches that apply
 * @param head - the last commit of the patches on their own release
 * @returns an outcome per patch
 */
export function planUpgrade(folder: string, patches: readonly Patch[], head: string): Outcome[] {
  const commits = gitLines(folder, ['rev-list', `--max-count=${patches.length}`, head]).reverse();
  const missing = new Set<string>();
  return patches.map((patch, index) => {
    const need = needsOf(patch).find((name) => missing.has(name));
    const outcome = need
      ? { what: `left out, because it needs ${need}`, missing: true }
      : cherryPick(folder, patch, `${commits[index]}`);
    if (outcome.missing) {
      missing.add(patch.name);
    }
    return outcome;
  });
}

function cherryPick(folder: string, patch: Patch, commit: string): Outcome {
  const direct = tryGit(folder, ['apply', '--cached', '--check', '--verbose', '-'], {
    input: Buffer.from(patch.diff, 'latin1'),
  });
  if (!tryGit(folder, ['cherry-pick', '--keep-redundant-commits', commit]).ok) {
    const files = unresolved(folder);
    git(folder, ['cherry-pick', '--abort']);
    return { what: `conflicts in ${files.join(', ')}`, missing: true };
  }
  if (tryGit(folder, ['diff', '--quiet', 'HEAD^', 'HEAD']).ok) {
    git(folder, ['reset', '--quiet', '--soft', 'HEAD^']);
    return { what: 'already upstream' };
  }
  if (!direct.ok) {
    return { what: 'applies, merged' };
  }
  const offset = /succeeded at \d+ \(offset/.test(direct.stderr);
  return { what: offset ? 'applies with offset' : 'applies' };
}

/**
 * Rebases the work tree onto another release.
 *
 * @param build - also compile the result, start it and run its unit tests
 * @returns whether what was built passes
 * @throws SetUpError at a conflict: git's rebase waits, and the message has the next steps
 */
export async function upgradeTree(
  root: string,
  tree: string,
  { to, build }: { to: Release; build: boolean },
): Promise<boolean> {
  requireNoOperation(tree);
  const changes = uncommitted(tree);
  if (changes.length > 0) {
    throw new SetUpError(`${tree} has uncommitted changes`, {
      tail: changes.join('\n'),
      advice: 'Commit or stash them first.',
    });
  }
  const before = readCommits(tree);
  const pristine = await commitPristine(to);
  say(`mediasoup ${versionOf(tree)} -> ${to.version}: git rebase --onto, in ${tree}`);
  git(tree, ['fetch', '--quiet', '--no-tags', store(), pristine]);
  const onto = ['--onto', pristine, pristineOf(tree)];
  const { ok, stderr } = tryGit(tree, ['rebase', '--quiet', '--empty=drop', ...onto]);
  if (!ok) {
    const subject = tryGit(tree, ['log', '-1', '--format=%s', 'REBASE_HEAD']).stdout.trim();
    throw new SetUpError(`the rebase has stopped at a conflict, in: ${subject}`, {
      tail: unresolved(tree).join('\n') || stderr.trim(),
      advice: [
        'Go on with git:',
        `  cd ${tree}`,
        '  git status                 which patch, which files',
        '  git diff                   what conflicts; edit, then git add',
        '  git rebase --continue      (--skip drops the patch, --abort goes back)',
        'and when it has finished:',
        '  npm run patch -- build && npm run patch -- test && npm run patch -- export',
      ].join('\n'),
    });
  }
  const after = new Set(readCommits(tree).map(({ name }) => name));
  for (const { name } of before) {
    say(`  ${name}: ${after.has(name) ? 'rebased' : 'dropped, already upstream'}`);
  }
  const works = !build || (await reportBuild(root, tree));
  say('next: npm run patch -- build, test and export; then set the new version in package.json');
  return works;
}

async function reportBuild(root: string, tree: string): Promise<boolean> {
  // mediasoup's JavaScript is that of the tree; its dependencies are ours.
  if (!existsSync(join(tree, 'node_modules'))) {
    symlinkSync(join(root, 'node_modules'), join(tree, 'node_modules'));
  }
  const binary = join(tree, 'worker/out/debug/mediasoup-worker');
  const library = join(tree, 'node/lib/index.js');
  if (!(await report('builds', () => buildTree(tree, 'debug', 'mediasoup-worker')))) {
    return false;
  }
  const starts = await report('starts and answers its own JavaScript', async () => {
    await verifyWorker(binary, library);
    return 'yes';
  });
  const passes = await report('passes its unit tests', () => runUnitTests(tree, 'debug'));
  return starts && passes;
}

async function report(what: string, work: () => Promise<string>): Promise<boolean> {
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
