import { once } from 'node:events';
import type { WorkerPool } from '../../server/src/media/worker-pool.ts';

/** After this many deaths in a row, a worker is restarted only after 400 ms (RespawnBackoff). */
const deathsUntilHeldBack = 4;

/** Kills all workers until they are restarted only after a backoff, so that none is running for a while. */
export async function untilHeldBack(pool: WorkerPool): Promise<void> {
  const count = pool.workers.length;
  for (let death = 1; ; death++) {
    const died = pool.workers.map(() => once(pool, 'workerdied'));
    for (const { worker } of pool.workers) {
      process.kill(worker.pid, 'SIGKILL');
    }
    await Promise.all(died);
    if (death === deathsUntilHeldBack) {
      return;
    }
    while (pool.workers.length < count) {
      await once(pool, 'workerstarted');
    }
  }
}
