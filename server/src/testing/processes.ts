import { readdirSync, readFileSync } from 'node:fs';

/** @returns the processes that a process has started and that run, oldest first (proc_pid_stat(5)) */
export function childrenOf(pid: number): number[] {
  return processesWhere(({ parent }) => parent === pid);
}

/** @returns all that is left of a process group, whoever their parent is by now */
export function processesOfGroup(group: number): number[] {
  return processesWhere((process) => process.group === group);
}

export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

function processesWhere(wanted: (process: { parent: number; group: number }) => boolean): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .sort((a, b) => a - b)
    .filter((pid) => {
      try {
        // The name, in brackets, may have anything in it.
        const [, rest = ''] = /\) \S (.*)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8')) ?? [];
        const [parent = 0, group = 0] = rest.split(' ').map(Number);
        return wanted({ parent, group });
      } catch {
        return false; // It ended while we looked.
      }
    });
}
