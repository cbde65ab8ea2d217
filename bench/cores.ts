/** Keeps what is measured and what measures it on different cores, and watches the cores (taskset(1), proc_stat(5)). */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';

export interface Cores {
  /** Of the load generator, the server's Node process and this process. */
  readonly generator: readonly number[];
  /** One for each worker. */
  readonly workers: readonly number[];
}

/**
 * @param workers - the number of workers
 * @throws Error when there is no core left for the generator
 */
export function chooseCores(workers = 1, count = cpus().length): Cores {
  if (count <= workers) {
    throw new Error(
      `${workers} worker(s) and the load generator need ${workers + 1} cores; this machine has ${count}`,
    );
  }
  const all = Array.from({ length: count }, (_, i) => i);
  return { generator: all.slice(0, count - workers), workers: all.slice(count - workers) };
}

/** Puts all threads of a process, and those that it starts later, on some cores. */
export function pin(pid: number, cores: readonly number[]): void {
  execFileSync('taskset', ['-a', '-c', '-p', cores.join(','), String(pid)], { stdio: 'pipe' });
}

/** The command that runs a program on some cores. */
export function pinned(
  cores: readonly number[],
  program: string,
  ...args: string[]
): [string, ...string[]] {
  return ['taskset', '-c', cores.join(','), program, ...args];
}

/** Ticks of 10 ms since the machine's start, by core. */
export interface CoreTimes {
  readonly busy: readonly number[];
  readonly total: readonly number[];
}

export function readCoreTimes(text = readFileSync('/proc/stat', 'latin1')): CoreTimes {
  const cores = [...text.matchAll(/^cpu\d+ (.*)$/gm)].map(([, fields = '']) => {
    // user, nice, system, idle, iowait, irq, softirq, steal; guest times are part of user and nice.
    const ticks = fields.split(' ').map(Number).slice(0, 8);
    const total = ticks.reduce((sum, one) => sum + one, 0);
    return { total, busy: total - (ticks[3] ?? 0) - (ticks[4] ?? 0) };
  });
  return { busy: cores.map(({ busy }) => busy), total: cores.map(({ total }) => total) };
}

/** The share of time, 0 to 1, that the busiest of some cores was busy between two readings. */
export function busiest(cores: readonly number[], before: CoreTimes, after: CoreTimes): number {
  return Math.max(
    ...cores.map((core) => {
      const total = (after.total[core] ?? 0) - (before.total[core] ?? 0);
      return total === 0 ? 0 : ((after.busy[core] ?? 0) - (before.busy[core] ?? 0)) / total;
    }),
  );
}
