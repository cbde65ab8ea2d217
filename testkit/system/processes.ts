import { readdirSync, readFileSync } from 'node:fs';

/** @returns the processes that a process has started and that run, oldest first (proc_pid_stat(5)) */
export function childrenOf(pid: number): number[] {
  return processesWhere(({ parent }) => parent === pid);
}

/** @returns what has this in the environment that it was started with, and runs: a server's workers are in no group of its */
export function processesMarked(name: string, value: string): number[] {
  const entry = `\0${name}=${value}\0`;
  return processesWhere(({ pid }) =>
    `\0${readFileSync(`/proc/${pid}/environ`, 'latin1')}`.includes(entry),
  );
}

export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

function processesWhere(wanted: (process: { pid: number; parent: number }) => boolean): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .sort((a, b) => a - b)
    .filter((pid) => {
      try {
        // The name, in brackets, may have anything in it.
        const [, rest = ''] = /\) \S (.*)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8')) ?? [];
        const parent = Number(rest.split(' ', 1)[0]);
        return wanted({ pid, parent });
      } catch {
        return false; // It ended while we looked.
      }
    });
}
