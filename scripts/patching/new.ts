import { spawnSync } from 'node:child_process';
import { SetUpError } from '../setup/set-up-error.mjs';
import { say } from '../setup/step.mjs';
import { readCommits } from './export.ts';
import { git, nobody } from './git.ts';
import { commitMessage, newPatch, slug } from './patch-file.ts';

/**
 * Begins a patch: a commit whose message is the header to fill in. What lies uncommitted in the work tree goes in;
 * with nothing there the commit is empty, and `git commit --amend --all` fills it.
 *
 * @throws {SetUpError} When the name is taken or makes no file's name.
 */
export function begin(folder: string, name: string): void {
  const plain = name.replace(/\.patch$/, '');

  if (plain !== slug(plain)) {
    throw new SetUpError(`a patch's name has small letters, digits and hyphens: ${slug(plain)}`);
  }
  if (readCommits(folder).some((patch) => patch.name === plain)) {
    throw new SetUpError(`there is a patch ${plain} already`);
  }

  const author = {
    name: configured(folder, 'user.name') || nobody.name,
    email: configured(folder, 'user.email') || nobody.email,
  };

  git(folder, ['add', '--all']);
  git(folder, ['commit', '--quiet', '--allow-empty', '--cleanup=verbatim', '--file=-'], {
    input: commitMessage(newPatch(plain, author)),
    env: {
      GIT_AUTHOR_NAME: author.name,
      GIT_AUTHOR_EMAIL: author.email,
      GIT_COMMITTER_NAME: author.name,
      GIT_COMMITTER_EMAIL: author.email,
    },
  });

  const files = git(folder, ['show', '--format=', '--name-only', 'HEAD']).trim();

  say(files ? `patch ${plain} begins with:\n${files}` : `patch ${plain} begins, empty`);
  say(`write its header (${folder}): git commit --amend --all`);
}

// As the person's own git has it, which git() deliberately doesn't read.
function configured(folder: string, key: string): string {
  return spawnSync('git', ['-C', folder, 'config', key], { encoding: 'utf8' }).stdout?.trim() ?? '';
}
