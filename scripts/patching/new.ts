import { spawnSync } from 'node:child_process';
import { SetUpError } from '../setup/set-up-error.mjs';
import { say } from '../setup/step.mjs';
import { readCommits } from './export.ts';
import { git } from './git.ts';
import { commitMessage, newPatch, slug } from './patch-file.ts';

/**
 * Begins a patch: a commit whose message is the header to fill in. What lies uncommitted in the work tree goes in;
 * with nothing there the commit is empty, and `git commit --amend --all` fills it.
 *
 * @throws {SetUpError} When the name is taken or makes no file's name, or git doesn't know the person.
 */
export function begin(folder: string, name: string): void {
  const plain = name.replace(/\.patch$/, '');

  if (plain !== slug(plain)) {
    throw new SetUpError(`a patch's name has small letters, digits and hyphens: ${slug(plain)}`);
  }
  if (readCommits(folder).some((patch) => patch.name === plain)) {
    throw new SetUpError(`there is a patch ${plain} already`);
  }

  const author = identityOf(folder);

  git(folder, ['add', '--all']);
  git(folder, ['commit', '--quiet', '--allow-empty', '--cleanup=verbatim', '--file=-'], {
    input: commitMessage(newPatch(plain)),
    env: {
      GIT_AUTHOR_NAME: author.name,
      GIT_AUTHOR_EMAIL: author.email,
      GIT_COMMITTER_NAME: author.name,
      GIT_COMMITTER_EMAIL: author.email,
    },
  });

  const files = git(folder, ['show', '--format=', '--name-only', 'HEAD']).trim();

  say(files ? `patch ${plain} begins with:\n${files}` : `patch ${plain} begins, empty`);
  say(`write its header: git -C ${folder} commit --amend --all`);
}

/**
 * Who works here, as the person's own git has it, which git() deliberately doesn't read.
 *
 * @throws {SetUpError} When git doesn't know. The `git commit --amend` that comes next wouldn't go without.
 */
function identityOf(folder: string): { name: string; email: string } {
  const { stdout } = spawnSync(
    'git',
    // Else git makes an address up, of the login and the host's name.
    ['-C', folder, '-c', 'user.useConfigOnly=true', 'var', 'GIT_AUTHOR_IDENT'],
    { encoding: 'utf8' },
  );
  const [, name, email] = stdout?.match(/^(.+) <(.+)> \d+ [+-]\d+$/m) ?? [];

  if (!name || !email) {
    throw new SetUpError("git doesn't know who you are, and a patch says who wrote it", {
      advice: [
        'Tell it once:',
        '  git config --global user.name "Your Name"',
        '  git config --global user.email you@example.org',
      ].join('\n'),
    });
  }

  return { name, email };
}
