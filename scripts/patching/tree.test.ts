import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder, write } from '../../testkit/system/temporary-folder.ts';
import { git, tryGit } from './git.ts';
import { initRepository } from './history.ts';
import { operationInProgress, requireNoOperation, requireResolved } from './tree.ts';

test('a conflict is named until it is resolved, the operation until it is through', () => {
  const folder = join(temporaryFolder(), 'tree');
  const commit = (text: string) => {
    write(folder, { 'a.cpp': text, 'b.cpp': 'the same\n' });
    git(folder, ['add', '--all']);
    git(folder, ['commit', '--quiet', `--message=${text.trim()}`]);
  };

  initRepository(folder);
  commit('theirs before\n');
  commit('mine\n');
  git(folder, ['checkout', '--quiet', '-b', 'next', 'HEAD^']);
  commit('theirs now\n');

  expect(() => requireNoOperation(folder)).not.toThrow();
  expect(tryGit(folder, ['rebase', '--quiet', 'next', 'patches']).ok).toBe(false);

  expect(() => requireResolved(folder)).toThrow(/has conflicts[\s\S]*\| a\.cpp\n/);
  expect(() => requireResolved(folder)).not.toThrow(/b\.cpp/);

  write(folder, { 'a.cpp': 'both\n' });
  git(folder, ['add', 'a.cpp']);
  expect(() => requireResolved(folder)).not.toThrow();
  expect(() => requireNoOperation(folder)).toThrow(/git rebase --continue/);

  git(folder, ['rebase', '--continue']);
  expect(operationInProgress(folder)).toBeUndefined();
});
