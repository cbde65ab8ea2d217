import { expect, test } from 'vitest';
import { temporaryFolder } from '../../testkit/system/temporary-folder.ts';
import { git } from './git.ts';
import { commitPristine, commitSeries, inWorktree, readCommits, store } from './repository.ts';
import { checkedOut, commitFiles, header, smallRelease, source } from './testing.ts';
import { planUpgrade, upgradeTree } from './upgrade.ts';

const next = { version: '0.0.2' };

/** A tree in which `first` changes a line and `second` adds another. */
async function patched(body = header) {
  const release = smallRelease();
  const tree = await checkedOut(release);
  const text = release.files[source]?.replace('int line9;', 'int mine;') ?? '';
  commitFiles(tree, { [source]: text }, { name: 'first' });
  commitFiles(tree, { [source]: `// Mine too.\n${text}` }, { name: 'second', body });
  return { release, tree, text: release.files[source] ?? '' };
}

async function plan(change: (text: string) => string, body = header) {
  const { release, tree, text } = await patched(body);
  smallRelease(next.version, { [source]: change(text) });
  const patches = readCommits(tree);
  const head = await commitSeries(release, patches);
  return inWorktree(store(), await commitPristine(next), (folder) => ({
    outcomes: planUpgrade(folder, patches, head),
    result: git(folder, ['show', `HEAD:${source}`]),
    theirs: change(text),
  }));
}

test.each([
  ['applies', (text: string) => text],
  ['applies with offset', (text: string) => `// One.\n// Two.\n${text}`],
  // Inside the patch's context, but not the same line.
  ['applies, merged', (text: string) => text.replace('int line7;', 'int near;')],
  ['already upstream', (text: string) => text.replace('int line9;', 'int mine;')],
])('a patch for the next release: %s', async (what, change) => {
  const { outcomes, result } = await plan(change);

  expect(outcomes[0]).toEqual({ what });
  expect(result).toContain('int mine;');
});

test('a patch that conflicts is left out, and so are those that need it', async () => {
  const change = (text: string) => text.replace('int line9;', 'int theirs;');
  const conflict = { what: `conflicts in ${source}`, missing: true };

  const independent = await plan(change);
  expect(independent.outcomes).toEqual([conflict, { what: 'applies' }]);
  expect(independent.result).toBe(`// Mine too.\n${independent.theirs}`);

  const needing = await plan(change, header.replace('nothing', 'first'));
  const leftOut = { what: 'left out, because it needs first', missing: true };
  expect(needing.outcomes).toEqual([conflict, leftOut]);
  expect(needing.result).toBe(needing.theirs);
});

test('the tree is rebased onto another release, unless it has uncommitted changes', async () => {
  const { tree } = await patched();
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
  const { tree, text } = await patched();
  smallRelease(next.version, { [source]: text.replace('int line9;', 'int theirs;') });

  await expect(upgradeTree(temporaryFolder(), tree, { to: next, build: false })).rejects.toThrow(
    /conflict, in: Subject of first\n.*Worker\.cpp[\s\S]*git rebase --continue/,
  );
});
