import { execFileSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { StartError } from './config/start-error.ts';

/** Whom to become. */
export interface RunAs {
  name: string;
  uid: number;
  gid: number;
  /** Its supplementary groups. */
  groups: number[];
}

/**
 * Looks a user up, before anything else is done.
 *
 * @param name - RUN_AS_USER
 * @throws StartError when there is no such user, or it isn't ours to become
 */
export function findUser(name: string): RunAs {
  const [uid = 0] = idsOf('-u', name);
  const [gid = 0] = idsOf('-g', name);
  const own = process.getuid?.();
  if (own !== 0 && own !== uid) {
    throw new StartError(
      `  RUN_AS_USER=${name}: only root can become another user. Start as root, or as ${name} with RUN_AS_USER unset.`,
    );
  }
  return { name, uid, gid, groups: idsOf('-G', name) };
}

/**
 * Gives up root for good: the process, and those that it starts, are that user's, with its groups
 * (setuid(2), setgroups(2)) and without any capability (capabilities(7)).
 *
 * @param user - who is already that user stays so
 * @param needed - what would be missed later, without a word that says why: a folder to read from and
 *   a program to run
 * @throws StartError when root may not become that user, or that user may not use those
 */
export function becomeUser(
  { name, uid, gid, groups }: RunAs,
  needed: { folder: string; program: string | undefined },
): void {
  if (process.getuid?.() !== uid) {
    try {
      process.setgroups?.(groups);
      process.setgid?.(gid);
      process.setuid?.(uid);
    } catch (error) {
      throw new StartError(
        `  RUN_AS_USER=${name}: ${(error as Error).message}. To become another user, root takes CAP_SETGID and ` +
          'CAP_SETUID: a container that drops capabilities must have them added.',
        { cause: error },
      );
    }
  }
  for (const file of [needed.folder, needed.program]) {
    if (file && !mayUse(file)) {
      throw new StartError(
        `  RUN_AS_USER=${name} may not use ${file}: give it the right to read and execute it, and to pass ` +
          'through the folders above. Or put oneport where it has that (ONEPORT_CACHE is where workers are kept).',
      );
    }
  }
}

/** A worker must be readable too: of a program that isn't, nobody may copy sockets (execve(2), ptrace(2)). */
function mayUse(file: string): boolean {
  try {
    accessSync(file, constants.R_OK | constants.X_OK);
    return true;
  } catch (error) {
    // What isn't there is missed, and told of, by who needs it.
    return (error as NodeJS.ErrnoException).code !== 'EACCES';
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
