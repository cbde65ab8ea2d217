import { once } from 'node:events';
import type { WorkerPool } from '../../server/src/media/worker-pool.ts';

/** After so many in a row, a worker is started again only after 400 ms (respawn-pause.ts). */
const deathsUntilHeldBack = 4;

/** For tests: kills all workers until none comes back at once, so that there is none for a while. */
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
