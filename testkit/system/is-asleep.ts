import { readFileSync } from 'node:fs';

/**
 * For tests: whether a process waits for something to do (proc_pid_stat(5), state S). A worker reads
 * its sockets without waiting, so it has worked off what it had.
 *
 * @param pid - of a worker, which does everything in its first thread
 */
export function isAsleep(pid: number): boolean {
  // The program's name in brackets may have anything in it.
  return /\) S /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));
}
