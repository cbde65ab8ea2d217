import { execFileSync } from 'node:child_process';

/** The workers of a server, in the order in which they were started. */
export function workerPids(serverPid: number | undefined): number[] {
  // Not by number: that begins anew when it has reached its highest.
  const options = ['-o', 'pid=,comm=', '--sort', 'start_time,pid', '--ppid', String(serverPid)];
  const children = execFileSync('ps', options);
  return String(children)
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, name]) => name?.startsWith('mediasoup-work'))
    .map(([pid]) => Number(pid));
}
