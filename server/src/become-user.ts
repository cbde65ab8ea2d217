import { execFileSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { StartError } from './start-error.ts';

/** Something that the user must be able to use. */
interface Needed {
  file: string;
  mode: 'read' | 'run';
}

/**
 * Gives up root for good: the process, and those that it starts, are that user's, with its groups
 * (setuid(2), initgroups(3)) and without any capability (capabilities(7)).
 *
 * @param name - RUN_AS_USER; who is already that user stays so
 * @param needed - files that would be missed later, without a word that says why
 * @throws StartError when there is no such user, it isn't ours to become, or it can't use a file
 */
export function becomeUser(name: string, needed: Needed[]): void {
  const [uid, gid] = [idOf('-u', name), idOf('-g', name)];
  if (process.getuid?.() !== uid) {
    if (process.getuid?.() !== 0) {
      throw new StartError(
        `  RUN_AS_USER=${name}: only root can become another user. Start as root, or as ${name} with RUN_AS_USER unset.`,
      );
    }
    process.initgroups?.(name, gid);
    process.setgid?.(gid);
    process.setuid?.(uid);
  }
  for (const { file, mode } of needed) {
    try {
      accessSync(file, mode === 'run' ? constants.X_OK : constants.R_OK);
    } catch {
      throw new StartError(
        `  RUN_AS_USER=${name} may not ${mode} ${file}: give it the right to, or put oneport where it has it.`,
      );
    }
  }
}

function idOf(what: '-u' | '-g', name: string): number {
  try {
    return Number(execFileSync('id', [what, '--', name], { encoding: 'utf8', stdio: 'pipe' }));
  } catch {
    throw new StartError(`  RUN_AS_USER=${name}: there is no such user.`);
  }
}
