import { chownSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { temporaryFolder, write } from '../../testkit/system/temporary-folder.ts';
import { git, gitLines, tryGit } from './git.ts';
import { formatPatch } from './patch-file.ts';
import { readCommits } from './repository.ts';
import { checkedOut, commitFiles, smallRelease, source } from './testing.ts';
import {
  begin,
  checkOut,
  operationInProgress,
  requireNoOperation,
  treeKind,
  uncommitted,
  unexported,
} from './tree.ts';

test('a checkout refuses to lose work; with force the work stays in the repository', async () => {
  const release = smallRelease();
  const tree = await checkedOut(release);
  const options = { release, patches: [] };

  write(tree, { 'worker/new.txt': 'precious\n' });
  await expect(checkOut(tree, options)).rejects.toThrow(/not committed: \?\? worker\/new\.txt/);

  git(tree, ['add', '--all']);
  git(tree, ['commit', '--quiet', '--message=Precious']);
  await expect(checkOut(tree, options)).rejects.toThrow(/not exported: \w+ Precious/);

  git(tree, ['branch', 'aside']);
  git(tree, ['reset', '--quiet', '--hard', 'HEAD^']);
  await expect(checkOut(tree, options)).rejects.toThrow(/not exported: \w+ Precious/);
  git(tree, ['checkout', '--quiet', '-B', 'patches', 'aside']);
  git(tree, ['branch', '--quiet', '-D', 'aside']);

  write(tree, { [source]: 'int changed;\n' });
  git(tree, ['stash', '--quiet']);
  write(tree, { 'worker/newer.txt': 'precious too\n' });
  await checkOut(tree, { ...options, force: true });

  const [kept] = gitLines(tree, ['for-each-ref', '--format=%(refname)', 'refs/oneport/replaced-*']);
  expect(git(tree, ['show', `${kept}:worker/new.txt`])).toBe('precious\n');
  expect(git(tree, ['show', `${kept}:worker/newer.txt`])).toBe('precious too\n');
  await expect(checkOut(tree, options)).rejects.toThrow(/not exported: \w+ WIP/);
  git(tree, ['stash', 'drop', '--quiet']);
  await expect(checkOut(tree, options)).resolves.toBeUndefined();
});

test('a checkout notices that a commit was taken away', async () => {
  const release = smallRelease();
  const tree = await checkedOut(release);
  commitFiles(tree, { [source]: 'int changed;\n' });
  const patches = readCommits(tree);
  await checkOut(tree, { release, patches, force: true });

  git(tree, ['reset', '--quiet', '--hard', 'HEAD^']);
  await expect(checkOut(tree, { release, patches })).rejects.toThrow(/without \w+ Subject of/);
});

test('an operation is named until it has finished', async () => {
  const release = smallRelease();
  const tree = await checkedOut(release);
  commitFiles(tree, { 'a.cpp': 'before\n', 'b.cpp': 'the same\n' });
  commitFiles(tree, { 'a.cpp': 'mine\n' });
  git(tree, ['checkout', '--quiet', '-b', 'next', 'HEAD^']);
  commitFiles(tree, { 'a.cpp': 'theirs\n' });

  expect(() => requireNoOperation(tree)).not.toThrow();
  expect(tryGit(tree, ['rebase', '--quiet', 'next', 'patches']).ok).toBe(false);

  write(tree, { 'a.cpp': 'both\n' });
  git(tree, ['add', 'a.cpp']);
  expect(() => requireNoOperation(tree)).toThrow(/git rebase --continue/);

  git(tree, ['rebase', '--continue']);
  expect(operationInProgress(tree)).toBeUndefined();
});

test('with force a checkout ends a rebase that waits at a conflict', async () => {
  const release = smallRelease();
  const tree = await checkedOut(release);
  commitFiles(tree, { [source]: 'mine\n' });
  git(tree, ['checkout', '--quiet', '-b', 'next', 'HEAD^']);
  commitFiles(tree, { [source]: 'theirs\n' });
  tryGit(tree, ['rebase', '--quiet', 'next', 'patches']);
  await expect(checkOut(tree, { release, patches: [] })).rejects.toThrow(/a rebase is in progress/);

  await checkOut(tree, { release, patches: [], force: true });
  expect(operationInProgress(tree)).toBeUndefined();
  expect(uncommitted(tree)).toEqual([]);
  expect(readFileSync(join(tree, source), 'utf8')).toBe(release.files[source]);
});

test('a patch is begun with the changes in the tree, under a name that is free', async () => {
  const tree = await checkedOut();
  write(tree, { [source]: 'int changed;\n', 'worker/new.cpp': '' });
  begin(tree, 'say-hello');

  expect(readCommits(tree)).toMatchObject([
    { name: 'say-hello', subject: 'Say hello', author: 'A Person <person@localhost>' },
  ]);
  expect(uncommitted(tree)).toEqual([]);
  expect(unexported(tree)).toHaveLength(1);
  expect(() => begin(tree, 'say-hello')).toThrow('there is already a patch say-hello');
  expect(() => begin(tree, 'Say hello!')).toThrow(/Try: say-hello/);
});

test('a patch is not begun for a user whom git does not know', async () => {
  const tree = await checkedOut();
  git(tree, ['config', '--unset', 'user.email']);
  vi.stubEnv('HOME', temporaryFolder());
  vi.stubEnv('XDG_CONFIG_HOME', undefined);
  vi.stubEnv('GIT_CONFIG_GLOBAL', undefined);
  vi.stubEnv('GIT_CONFIG_NOSYSTEM', '1');
  vi.stubEnv('GIT_AUTHOR_EMAIL', undefined);
  vi.stubEnv('EMAIL', undefined);
  write(tree, { [source]: 'int changed;\n' });

  expect(() => begin(tree, 'say-hello')).toThrow(/git config --global user\.email/);
  expect(readCommits(tree)).toEqual([]);
});

test.runIf(process.getuid?.() === 0)(
  'a tree of another user is refused by git until safe.directory allows it',
  async () => {
    const release = smallRelease();
    const tree = await checkedOut(release);
    const home = temporaryFolder();
    vi.stubEnv('HOME', home);
    vi.stubEnv('XDG_CONFIG_HOME', undefined);
    vi.stubEnv('GIT_CONFIG_GLOBAL', undefined);
    vi.stubEnv('SUDO_UID', undefined);
    commitFiles(tree, { [source]: 'int changed;\n' });
    const [patch] = readCommits(tree);
    chownSync(join(tree, '.git'), 12345, 12345);
    chownSync(tree, 12345, 12345);

    expect(() => readCommits(tree)).toThrow(/git config --global --add safe\.directory/);
    write(home, { '.gitconfig': `[safe]\n\tdirectory = ${tree}\n` });
    expect(readCommits(tree).map(formatPatch)).toEqual(
      [patch].flatMap((p) => p ?? []).map(formatPatch),
    );
  },
);

test.each([
  [undefined, undefined],
  ['patched', undefined],
  ['tree', 'release'],
  ['tree:asan', 'asan'],
])('ONEPORT_WORKER=%s asks for the tree as %s', (value, kind) => {
  expect(treeKind({ ONEPORT_WORKER: value })).toBe(kind);
});

test('ONEPORT_WORKER with an unknown kind is refused', () => {
  expect(() => treeKind({ ONEPORT_WORKER: 'tree:fast' })).toThrow(/tree:debug/);
});
