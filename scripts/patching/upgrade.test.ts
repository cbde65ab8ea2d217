import { expect, test } from 'vitest';
import { temporaryFolder } from '../../testkit/system/temporary-folder.ts';
import { git } from './git.ts';
import { commitPristine, commitSeries, inWorktree, readCommits, store } from './repository.ts';
import { checkedOut, header, samplePatch, smallRelease, source } from './testing.ts';
import { planUpgrade, upgradeTree } from './upgrade.ts';

const next = { version: '0.0.2' };
const paths = `diff --git a/${source} b/${source}\n--- a/${source}\n+++ b/${source}\n`;

const first = {
  ...samplePatch('', '', 'first'),
  diff: `${paths}@@ -8,5 +8,5 @@\n int line7;\n int line8;\n-int line9;\n+int mine;\n int line10;\n int line11;\n`,
};
const second = {
  ...samplePatch('', '', 'second'),
  diff: `${paths}@@ -1,2 +1,3 @@\n+// Mine too.\n int line0;\n int line1;\n`,
};

/** @param change - the other release's change of the file */
async function plan(change: (text: string) => string, patches = [first, second]) {
  const release = smallRelease();
  const theirs = change(release.files[source] ?? '');
  smallRelease(next.version, { [source]: theirs });
  const head = await commitSeries(release, patches);
  return inWorktree(store(), await commitPristine(next), (folder) => ({
    outcomes: planUpgrade(folder, patches, head),
    result: git(folder, ['show', `HEAD:${source}`]),
    theirs,
  }));
}

test.each([
  ['applies', (text: string) => text],
  ['applies with offset', (text: string) => `// One.\n// Two.\n${text}`],
  // Inside the patch's context, but not the same line.
  ['applies, merged', (text: string) => text.replace('int line7;', 'int near;')],
  ['already upstream', (text: string) => text.replace('int line9;', 'int mine;')],
])('a patch for the next release: %s', async (what, change) => {
  const { outcomes, result } = await plan(change, [first]);

  expect(outcomes).toEqual([{ what }]);
  expect(result).toContain('int mine;');
});

test('a patch that conflicts is left out, and so are those that need it', async () => {
  const change = (text: string) => text.replace('int line9;', 'int theirs;');
  const conflict = { what: `conflicts in ${source}`, missing: true };

  const independent = await plan(change);
  expect(independent.outcomes).toEqual([conflict, { what: 'applies' }]);
  expect(independent.result).toBe(`// Mine too.\n${independent.theirs}`);

  const needing = { ...second, body: header.replace('nothing', 'first') };
  const { outcomes, result, theirs } = await plan(change, [first, needing]);
  const leftOut = { what: 'left out, because it needs first', missing: true };
  expect(outcomes).toEqual([conflict, leftOut]);
  expect(result).toBe(theirs);
});

test('the tree is rebased onto another release, unless it has uncommitted changes', async () => {
  const tree = await checkedOut(smallRelease(), [first, second]);
  const before = readCommits(tree);
  smallRelease(next.version);
  const upgrade = () => upgradeTree(temporaryFolder(), tree, { to: next, build: false });

  git(tree, ['rm', '--quiet', '--cached', 'node/lib/index.js']);
  await expect(upgrade()).rejects.toThrow(/uncommitted changes\n.*index\.js/);
  git(tree, ['reset', '--quiet', '--hard']);
  expect(await upgrade()).toBe(true);
  expect(readCommits(tree)).toEqual(before);
  expect(git(tree, ['log', '-1', '--format=%s', 'HEAD~2'])).toBe('mediasoup 0.0.2\n');
});

test('an upgrade that conflicts leaves the rebase to the user, with the next steps', async () => {
  const release = smallRelease();
  const tree = await checkedOut(release, [first]);
  const theirs = release.files[source]?.replace('int line9;', 'int theirs;') ?? '';
  smallRelease(next.version, { [source]: theirs });

  await expect(upgradeTree(temporaryFolder(), tree, { to: next, build: false })).rejects.toThrow(
    /conflict, in: A sample\n.*Worker\.cpp[\s\S]*git rebase --continue/,
  );
});
