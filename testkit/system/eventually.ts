import { setTimeout as sleep } from 'node:timers/promises';

/** How long a machine that has other work may take. */
const patienceMs = 30_000;

/**
 * Waits until something is as it should be.
 *
 * @param check - throws as long as it isn't
 * @throws what `check` throws at the last
 */
export async function eventually(check: () => Promise<void> | void): Promise<void> {
  const giveUp = Date.now() + patienceMs;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (Date.now() > giveUp) {
        throw error;
      }
      await sleep(5);
    }
  }
}
