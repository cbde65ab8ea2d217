import { setTimeout as sleep } from 'node:timers/promises';

/** Enough for a busy machine. */
const patienceMs = 30_000;

/**
 * Waits until a check passes. For code that also runs outside tests, where vitest's `expect.poll` does not exist.
 *
 * @param check - throws until it passes
 * @throws the last error of `check`
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
