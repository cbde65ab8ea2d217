import { spawnSync } from 'node:child_process';
import { SetUpError } from '../setup/set-up-error.mjs';

export interface GitOptions {
  readonly input?: string | Buffer;
  readonly env?: NodeJS.ProcessEnv;
}

export interface GitResult {
  readonly ok: boolean;
  readonly stdout: string;
  readonly stderr: string;
}

/** Whoever makes a commit that everybody shall get with the same hash. */
export const nobody = { name: 'oneport', email: 'oneport@localhost' } as const;

/**
 * Runs git, whatever the person has set: their configuration, hooks, attributes and GIT_* variables would change
 * what a patch looks like, and a commit's hash.
 *
 * @param folder - A work tree, or a repository.
 * @returns What it said.
 * @throws {SetUpError} When it fails.
 */
export function git(folder: string, args: readonly string[], options: GitOptions = {}): string {
  const { ok, stdout, stderr } = tryGit(folder, args, options);

  if (!ok) {
    throw new SetUpError(`git ${args[0]} failed in ${folder}`, {
      tail: (stderr || stdout).trim().split('\n').slice(-15).join('\n'),
    });
  }

  return stdout;
}

/**
 * The same, for a failure that is an answer.
 *
 * @throws {SetUpError} Only when git can't be started.
 */
export function tryGit(
  folder: string,
  args: readonly string[],
  { input, env }: GitOptions = {},
): GitResult {
  const result = spawnSync('git', ['-C', folder, ...alwaysSet, ...args], {
    input,
    encoding: 'utf8',
    maxBuffer: 1 << 30,
    env: { ...isolated(), ...env },
  });

  if (result.error) {
    throw new SetUpError(`git can't be started: ${result.error.message}`);
  }

  return { ok: result.status === 0, stdout: result.stdout, stderr: result.stderr };
}

// A repository's own configuration still counts, and people change that of their tree.
const alwaysSet = [
  'core.autocrlf=false',
  'core.safecrlf=false',
  'core.attributesFile=/dev/null',
  'core.hooksPath=/dev/null',
  'core.quotePath=false',
  'core.fsmonitor=false',
  'commit.gpgSign=false',
  'gc.auto=0',
  // Of the repository itself: no option of diff-tree turns it off.
  'diff.suppressBlankEmpty=false',
  'advice.detachedHead=false',
].flatMap((setting) => ['-c', setting]);

function isolated(): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(([name]) => !name.startsWith('GIT_'));

  return {
    ...Object.fromEntries(own),
    LC_ALL: 'C.UTF-8',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_ATTR_NOSYSTEM: '1',
    GIT_TERMINAL_PROMPT: '0',
    GIT_EDITOR: 'true',
    ...identity(nobody.name, nobody.email),
  };
}

/**
 * Variables that make a commit somebody's, at a time that is always the same.
 *
 * @param name - Of the author; the committer is always the same.
 */
export function identity(name: string, email: string): NodeJS.ProcessEnv {
  return {
    GIT_AUTHOR_NAME: name,
    GIT_AUTHOR_EMAIL: email,
    GIT_AUTHOR_DATE: '1700000000 +0000',
    GIT_COMMITTER_NAME: nobody.name,
    GIT_COMMITTER_EMAIL: nobody.email,
    GIT_COMMITTER_DATE: '1700000000 +0000',
  };
}
