import { readFileSync } from 'node:fs';

/**
 * The number of files and sockets that this process may have open (RLIMIT_NOFILE in getrlimit(2)). Node
 * raises its own soft limit to the hard one when it starts.
 *
 * @returns undefined when there is no limit, or not on Linux
 */
export function openFilesLimit(): number | undefined {
  try {
    return parseOpenFilesLimit(readFileSync('/proc/self/limits', 'utf8'));
  } catch {
    return undefined;
  }
}

/**
 * @param limits - the text of /proc/PID/limits (proc_pid_limits(5))
 * @returns the soft limit; undefined when it is `unlimited`
 */
export function parseOpenFilesLimit(limits: string): number | undefined {
  const soft = /^Max open files +(\d+) /m.exec(limits)?.[1];
  return soft === undefined ? undefined : Number(soft);
}
