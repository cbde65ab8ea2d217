import { execFileSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { StartError } from './start-error.ts';

/**
 * Gives up root for good: the process, and those that it starts, are that user's, with its groups
 * (setuid(2), setgroups(2)) and without any capability (capabilities(7)).
 *
 * @param name - RUN_AS_USER; who is already that user stays so
 * @param needed.read - a file or folder that would be missed later, without a word that says why
 * @param needed.run - a program, likewise
 * @throws StartError when there is no such user, it isn't ours to become, or it can't use a file
 */
export function becomeUser(name: string, needed: { read: string; run: string | undefined }): void {
  const [uid = 0] = idsOf('-u', name);
  if (process.getuid?.() !== uid) {
    if (process.getuid?.() !== 0) {
      throw new StartError(
        `  RUN_AS_USER=${name}: only root can become another user. Start as root, or as ${name} with RUN_AS_USER unset.`,
      );
    }
    const [gid = 0] = idsOf('-g', name);
    process.setgroups?.(idsOf('-G', name));
    process.setgid?.(gid);
    process.setuid?.(uid);
  }
  for (const [verb, mode] of [
    ['read', constants.R_OK],
    ['run', constants.X_OK],
  ] as const) {
    const file = needed[verb];
    try {
      if (file) accessSync(file, mode);
    } catch {
      throw new StartError(
        `  RUN_AS_USER=${name} may not ${verb} ${file}: give it the right to, or put oneport where it ` +
          'has it (ONEPORT_CACHE is where workers are kept).',
      );
    }
  }
}

/** By id(1): -u the user's, -g the group's, -G all groups'. */
function idsOf(which: '-u' | '-g' | '-G', name: string): number[] {
  try {
    const output = execFileSync('id', [which, '--', name], { encoding: 'utf8', stdio: 'pipe' });
    return output.trim().split(' ').map(Number);
  } catch {
    throw new StartError(`  RUN_AS_USER=${name}: there is no such user.`);
  }
}
