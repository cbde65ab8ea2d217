import { execFileSync } from 'node:child_process';

/** The workers of a server, in the order in which they were started. */
export function workerPids(serverPid: number | undefined): number[] {
  const children = execFileSync('ps', ['-o', 'pid=,comm=', '--ppid', String(serverPid)]);
  return String(children)
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, name]) => name?.startsWith('mediasoup-work'))
    .map(([pid]) => Number(pid))
    .toSorted((a, b) => a - b);
}
