import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../../testkit/system/temporary-folder.ts';
import { git } from './git.ts';
import { inWorktree, readCommits, store } from './repository.ts';
import {
  checkedOut,
  commitFiles,
  header,
  nextRelease,
  released,
  smallRelease,
  source,
} from './testing.ts';
import { planUpgrade, upgradeTree } from './upgrade.ts';

const text = released[source] ?? '';
const patched = text.replace('int line9;', 'int mine;');

async function plan(release: (text: string) => string, body = header) {
  const pinned = smallRelease();
  const tree = await checkedOut(pinned);
  commitFiles(tree, { [source]: patched }, { name: 'first' });
  commitFiles(tree, { [source]: `// Mine too.\n${patched}` }, { name: 'second', body });
  const next = await nextRelease(pinned, { [source]: release(text) });
  git(store(), ['fetch', '--quiet', tree, 'HEAD']);
  const head = git(tree, ['rev-parse', 'HEAD']).trim();

  return inWorktree(store(), next, (folder) => ({
    outcomes: planUpgrade(folder, readCommits(tree), head),
    result: git(folder, ['show', `HEAD:${source}`]),
  }));
}

test.each([
  ['applies', (old: string) => old],
  ['applies with offset', (old: string) => `// One.\n// Two.\n${old}`],
  // Inside the patch's context, but not the same line.
  ['applies, merged', (old: string) => old.replace('int line7;', 'int near;')],
  ['already upstream', (old: string) => old.replace('int line9;', 'int mine;')],
])('a patch for the next release: %s', async (what, release) => {
  const { outcomes, result } = await plan(release);

  expect(outcomes[0]).toEqual({ what });
  expect(result).toContain('int mine;');
});

test('a patch that conflicts is left out, and so are those that need it', async () => {
  const theirs = (old: string) => old.replace('int line9;', 'int theirs;');
  const independent = await plan(theirs);
  const needing = await plan(theirs, header.replace('nothing', 'first'));

  expect(independent.outcomes).toEqual([
    { what: `conflicts in ${source}`, missing: true },
    { what: 'applies' },
  ]);
  expect(independent.result).toBe(`// Mine too.\n${theirs(text)}`);
  expect(needing.outcomes).toEqual([
    { what: `conflicts in ${source}`, missing: true },
    { what: 'left out, because it needs first', missing: true },
  ]);
  expect(needing.result).toBe(theirs(text));
});

test('the tree is rebased onto another release', async () => {
  const tree = await checkedOut();
  commitFiles(tree, { [source]: patched });
  const before = readCommits(tree);
  smallRelease('0.0.2');

  expect(
    await upgradeTree(temporaryFolder(), tree, { to: { version: '0.0.2' }, build: false }),
  ).toBe(true);
  expect(readCommits(tree)).toEqual(before);
  expect(git(tree, ['log', '-1', '--format=%s', 'HEAD^'])).toBe('mediasoup 0.0.2\n');
});

test('the tree is not rebased while it has uncommitted changes', async () => {
  const tree = await checkedOut();
  commitFiles(tree, { [source]: patched });
  git(tree, ['rm', '--quiet', join('node', 'lib', 'index.js')]);

  await expect(
    upgradeTree(temporaryFolder(), tree, { to: { version: '0.0.2' }, build: false }),
  ).rejects.toThrow(/uncommitted changes\n.*index\.js/);
});
