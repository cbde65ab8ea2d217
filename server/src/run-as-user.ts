import { execFileSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { StartError } from './config/start-error.ts';

export interface User {
  name: string;
  uid: number;
  gid: number;
  /** Its supplementary groups. */
  groups: number[];
}

/**
 * Looks up a user, before the long part of the start.
 *
 * @param name - RUN_AS_USER
 * @throws StartError when there is no such user, or this process can't become it
 */
export function findUser(name: string): User {
  const [uid = 0] = idsOf('-u', name);
  const [gid = 0] = idsOf('-g', name);
  const own = process.getuid?.();
  if (own !== 0 && own !== uid) {
    throw new StartError(
      `  RUN_AS_USER=${name}: only root can become another user. Start as root, or as ${name} without RUN_AS_USER.`,
    );
  }
  return { name, uid, gid, groups: idsOf('-G', name) };
}

/**
 * Drops root for good: this process and those that it starts become the user's, with its groups (setuid(2),
 * setgroups(2)) and without any capability (capabilities(7)).
 *
 * @param needed - a folder to read and a program to run, checked here because their absence would be hard to explain
 *   later
 * @throws StartError when root may not become the user, or the user lacks access to what is needed
 */
export function becomeUser(
  { name, uid, gid, groups }: User,
  needed: { folder: string; program: string | undefined },
): void {
  if (process.getuid?.() !== uid) {
    try {
      process.setgroups?.(groups);
      process.setgid?.(gid);
      process.setuid?.(uid);
    } catch (error) {
      throw new StartError(
        `  RUN_AS_USER=${name}: ${(error as Error).message}. To become another user, root needs CAP_SETGID and ` +
          'CAP_SETUID. Add them to a container that drops capabilities.',
        { cause: error },
      );
    }
  }
  for (const file of [needed.folder, needed.program]) {
    if (file && !isAccessible(file)) {
      throw new StartError(
        `  RUN_AS_USER=${name} has no access to ${file}. Let it read and execute that file and enter the folders ` +
          'above, or move oneport to where it can (workers are kept in ONEPORT_CACHE).',
      );
    }
  }
}

/** The worker must be readable too: the kernel protects the sockets of an unreadable program (execve(2), ptrace(2)). */
function isAccessible(file: string): boolean {
  try {
    accessSync(file, constants.R_OK | constants.X_OK);
    return true;
  } catch (error) {
    // A missing file is reported by the part that needs it.
    return (error as NodeJS.ErrnoException).code !== 'EACCES';
  }
}

/** @param option - of id(1): -u for the user, -g for its group, -G for all its groups */
function idsOf(option: '-u' | '-g' | '-G', name: string): number[] {
  try {
    const output = execFileSync('id', [option, '--', name], { encoding: 'utf8', stdio: 'pipe' });
    return output.trim().split(' ').map(Number);
  } catch {
    throw new StartError(`  RUN_AS_USER=${name}: no such user.`);
  }
}
