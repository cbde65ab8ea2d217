import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/**
 * For tests: what a process has open (proc_pid_fd(5)), such as `socket:[1234]`, `pipe:[5678]` or a path.
 *
 * @param pid - of one of ours
 */
export function openFilesOf(pid: number): string[] {
  const folder = `/proc/${pid}/fd`;
  return readdirSync(folder).flatMap((fd) => {
    try {
      return [readlinkSync(`${folder}/${fd}`)];
    } catch {
      return []; // It was closed while we looked.
    }
  });
}

/** For tests: how many sockets a process has, of every kind. */
export function socketCountOf(pid: number): number {
  return openFilesOf(pid).filter((file) => file.startsWith('socket:')).length;
}

const tables = ['udp', 'udp6', 'tcp', 'tcp6'] as const;

/**
 * For tests: which ports a process has, in order, such as `tcp 3000`; each as often as it has sockets there
 * (/proc/net/udp and its like, proc_pid_net(5)).
 *
 * @param pid - of one of ours, in our network namespace
 */
export function portsOf(pid: number): string[] {
  const sockets = new Set(openFilesOf(pid));
  return tables
    .flatMap((table) =>
      readFileSync(`/proc/net/${table}`, 'latin1')
        .split('\n')
        .slice(1)
        .map((line) => line.trim().split(/\s+/))
        .filter((fields) => sockets.has(`socket:[${fields[9]}]`))
        .map((fields) => `${table} ${Number.parseInt(fields[1]?.split(':')[1] ?? '', 16)}`),
    )
    .sort();
}

/** For tests: bytes of a process that are in memory (VmRSS of proc_pid_status(5)). */
export function residentBytesOf(pid: number): number {
  const [, kilobytes] =
    /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1')) ?? [];
  return 1024 * Number(kilobytes);
}
