import { spawnSync } from 'node:child_process';
import { SetUpError } from '../setup/set-up-error.mjs';

interface GitOptions {
  readonly input?: string | Buffer;
  /** Added to the environment; undefined removes a variable. */
  readonly env?: NodeJS.ProcessEnv;
  /** How output is decoded. `latin1` keeps every byte as one character. Default: `utf8`. */
  readonly encoding?: 'utf8' | 'latin1';
}

// Settings that change a patch's bytes, a commit's hash or how a patch applies. The user's other settings stay in
// force: git itself asks users to put `safe.directory` into their global configuration.
const settings =
  `core.hooksPath=/dev/null core.attributesFile=/dev/null core.autocrlf=false core.safecrlf=false
  core.quotePath=false core.fsmonitor=false commit.gpgSign=false diff.suppressBlankEmpty=false color.ui=false
  am.threeWay=false apply.ignoreWhitespace=no apply.whitespace=nowarn i18n.commitEncoding=UTF-8
  i18n.logOutputEncoding=UTF-8 status.showUntrackedFiles=normal safe.bareRepository=all protocol.version=2
  advice.detachedHead=false gc.auto=0 maintenance.auto=false`
    .split(/\s+/)
    .flatMap((setting) => ['-c', setting]);

/** The author and committer of commits that have the same hash on every machine. */
const identity: NodeJS.ProcessEnv = {
  GIT_AUTHOR_NAME: 'oneport',
  GIT_AUTHOR_EMAIL: 'oneport@localhost',
  GIT_AUTHOR_DATE: '1700000000 +0000',
  GIT_COMMITTER_NAME: 'oneport',
  GIT_COMMITTER_EMAIL: 'oneport@localhost',
  GIT_COMMITTER_DATE: '1700000000 +0000',
};

/** @returns the same variables as the user has set them, for a commit of the user's own */
export function ownIdentity(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.keys(identity).map((name) => [name, process.env[name]]));
}

/**
 * Runs git so that the result depends on no setting, hook or GIT_* variable of the user.
 *
 * @param folder - a work tree or a repository
 * @returns stdout
 * @throws SetUpError with git's last 15 lines if it fails
 */
export function git(folder: string, args: readonly string[], options?: GitOptions): string {
  const { ok, stdout, stderr } = tryGit(folder, args, options);
  if (!ok) {
    throw new SetUpError(`git ${args[0]} failed in ${folder}`, {
      tail: (stderr || stdout).trim().split('\n').slice(-15).join('\n'),
    });
  }
  return stdout;
}

/** Runs git like `git()` and returns the lines of stdout that are not empty. */
export function gitLines(folder: string, args: readonly string[]): string[] {
  return git(folder, args).split('\n').filter(Boolean);
}

/**
 * Runs git like `git()` where failure is an answer.
 *
 * @throws SetUpError only if git cannot be started
 */
export function tryGit(
  folder: string,
  args: readonly string[],
  { input, env, encoding = 'utf8' }: GitOptions = {},
): { ok: boolean; stdout: string; stderr: string } {
  // GIT_CONFIG_* may hold the user's safe.directory.
  const inherited = Object.entries(process.env).filter(([name]) => !/^GIT_(?!CONFIG)/.test(name));
  const fixed = { LC_ALL: 'C.UTF-8', GIT_ATTR_NOSYSTEM: '1', GIT_TERMINAL_PROMPT: '0' };
  const { error, status, stdout, stderr } = spawnSync('git', ['-C', folder, ...settings, ...args], {
    input,
    encoding,
    maxBuffer: 1 << 30,
    env: { ...Object.fromEntries(inherited), ...fixed, GIT_EDITOR: 'true', ...identity, ...env },
  });
  if (error) {
    throw new SetUpError(`git cannot be started: ${error.message}`);
  }
  return { ok: status === 0, stdout, stderr };
}

/** @returns git's reasons in one line */
export function errorsIn(stderr: string): string {
  return stderr.match(/(?<=^error: ).*/gm)?.join('; ') ?? stderr.trim();
}
