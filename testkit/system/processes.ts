/** Processes as the kernel reports them (proc(5)). */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { parseSocketTable } from '../../server/src/net/udp-sockets.ts';

/** The running children of a process, oldest first. */
export function childrenOf(pid: number): number[] {
  return processesWhere(({ parent }) => parent === pid);
}

/**
 * The running processes that were started with a variable in their environment. Finds a server's workers,
 * which are in process groups of their own.
 */
export function processesMarked(name: string, value: string): number[] {
  const entry = `\0${name}=${value}\0`;
  return processesWhere(({ pid }) =>
    `\0${readFileSync(`/proc/${pid}/environ`, 'latin1')}`.includes(entry),
  );
}

/** The workers of a server, in the order in which they were started. */
export function workerPids(serverPid: number | undefined): number[] {
  // Process ids do not tell the order: they start again after the highest one.
  const options = ['-o', 'pid=,comm=', '--sort', 'start_time,pid', '--ppid', String(serverPid)];
  const children = execFileSync('ps', options);
  return String(children)
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, name]) => name?.startsWith('mediasoup-work'))
    .map(([pid]) => Number(pid));
}

export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/**
 * Whether a worker waits for events (state S of proc_pid_stat(5)). It reads its sockets without blocking,
 * so it has then processed all packets. A worker does everything in its first thread.
 */
export function isAsleep(pid: number): boolean {
  // The program's name in brackets may contain anything.
  return /\) S /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));
}

/** The open files of a process (proc_pid_fd(5)), such as `socket:[1234]`, `pipe:[5678]` or a path. */
export function openFilesOf(pid: number): string[] {
  const folder = `/proc/${pid}/fd`;
  return readdirSync(folder).flatMap((fd) => {
    try {
      return [readlinkSync(`${folder}/${fd}`)];
    } catch {
      return []; // Closed meanwhile.
    }
  });
}

/** The number of a process's sockets, of every kind. */
export function socketCountOf(pid: number): number {
  return openFilesOf(pid).filter((file) => file.startsWith('socket:')).length;
}

/**
 * The ports that a process has bound, sorted, such as `tcp 3000`; one entry for each socket.
 *
 * @param pid - of a process in this network namespace
 */
export function portsOf(pid: number): string[] {
  const sockets = new Set(openFilesOf(pid));
  return (['udp', 'udp6', 'tcp', 'tcp6'] as const)
    .flatMap((table) =>
      parseSocketTable(readFileSync(`/proc/net/${table}`, 'latin1'))
        .filter(({ inode }) => sockets.has(`socket:[${inode}]`))
        .map(({ port }) => `${table} ${port}`),
    )
    .sort();
}

/** The resident memory of a process in bytes (VmRSS of proc_pid_status(5)). */
export function residentBytesOf(pid: number): number {
  const [, kilobytes] =
    /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1')) ?? [];
  return 1024 * Number(kilobytes);
}

function processesWhere(matches: (process: { pid: number; parent: number }) => boolean): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .sort((a, b) => a - b)
    .filter((pid) => {
      try {
        // The program's name in brackets may contain anything.
        const [, rest = ''] = /\) \S (.*)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8')) ?? [];
        const parent = Number(rest.split(' ', 1)[0]);
        return matches({ pid, parent });
      } catch {
        return false; // The process has ended meanwhile.
      }
    });
}
