import { readdirSync, readFileSync } from 'node:fs';
import { libcFunction } from '../server/src/net/libc.ts';
import { median } from './statistics.ts';

const libcClockGettime = libcFunction('int clock_gettime(int, void *)');
const CLOCK_THREAD_CPUTIME_ID = 3;
const time = Buffer.alloc(16);

/**
 * CPU time of this thread up to now, in ns (clock_gettime(2)). getrusage(2), and with it Node's threadCpuUsage(), is
 * only updated at the scheduler's ticks, every 4 ms.
 */
export function threadCpuNs(): number {
  libcClockGettime('clock_gettime', CLOCK_THREAD_CPUTIME_ID, time);
  return Number(time.readBigInt64LE(0)) * 1e9 + Number(time.readBigInt64LE(8));
}

/**
 * CPU time of another process in ns, from /proc/PID/task/TID/schedstat: exact while it is asleep. A worker's
 * getResourceUsage() has a resolution of 1 ms.
 */
export function processCpuNs(pid: number): number {
  return readdirSync(`/proc/${pid}/task`)
    .map((tid) =>
      Number(readFileSync(`/proc/${pid}/task/${tid}/schedstat`, 'latin1').split(' ')[0]),
    )
    .reduce((sum, ns) => sum + ns, 0);
}

/**
 * Sends a burst to processes that are stopped meanwhile, so that each burst meets the same state. Otherwise the
 * machine's scheduler decides how often a process is woken, which costs more than what is measured.
 */
export async function burstTo(pids: readonly number[], send: () => unknown): Promise<void> {
  for (const pid of pids) {
    process.kill(pid, 'SIGSTOP');
  }
  await send();
  for (const pid of pids) {
    process.kill(pid, 'SIGCONT');
  }
}

/**
 * Compares two subjects that were measured in turns.
 *
 * @param values - one for each round
 * @param base - those of the other subject, of the same rounds
 * @returns the median of the rounds' ratios, and the range of the middle half: `0.991 (0.980 to 1.010)`
 */
export function ratioText(values: number[], base: number[]): string {
  const ratios = values.map((value, round) => value / (base[round] ?? Number.NaN));
  const sorted = ratios.toSorted((a, b) => a - b);
  const quartiles = [0.25, 0.75].map((q) => sorted[Math.floor(q * sorted.length)]?.toFixed(3));
  return `${median(ratios).toFixed(3)} (${quartiles.join(' to ')})`;
}
