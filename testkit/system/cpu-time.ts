/** The CPU time of processes, to the nanosecond. */
import { readdirSync, readFileSync } from 'node:fs';

/**
 * The CPU time that processes have used so far, in microseconds, user and system together: the first field of
 * /proc/PID/task/TID/schedstat (Linux, Documentation/scheduler/sched-stats.rst), which is exact where the ticks of
 * proc_pid_stat(5) count 10 ms. Threads that have ended are not included.
 */
export function cpuMicroseconds(pids: number[]): number {
  let nanoseconds = 0;
  for (const pid of pids) {
    for (const thread of readdirSync(`/proc/${pid}/task`)) {
      try {
        const [onCpu] = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ');
        nanoseconds += Number(onCpu);
      } catch {
        // The thread has ended meanwhile.
      }
    }
  }
  return nanoseconds / 1000;
}
