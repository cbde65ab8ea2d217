import { readFileSync } from 'node:fs';
import type { types } from 'mediasoup';
import { eventually } from '../system/eventually.ts';

/** Does something while a worker is stopped (SIGSTOP), so that all of it awaits the worker when it goes on. */
export async function whileStopped(
  { pid }: types.Worker,
  action: () => Promise<unknown> | unknown,
): Promise<void> {
  process.kill(pid, 'SIGSTOP');
  try {
    // State T of proc_pid_stat(5), after the program's name in brackets.
    await eventually(() => {
      if (!/\) T /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'))) {
        throw new Error(`the worker ${pid} does not stop`);
      }
    });
    await action();
  } finally {
    process.kill(pid, 'SIGCONT');
  }
}
