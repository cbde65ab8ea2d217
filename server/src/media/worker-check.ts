import type { types } from 'mediasoup';
import { checkStun } from '../stun/stun-check.ts';
import type { MediaWorker } from './media-worker.ts';

/** Marks routers that are no room's. */
const forCheck = { forCheck: true };

export function isForCheck(router: types.Router): boolean {
  return router.appData.forCheck === true;
}

/** Workers whose last check hasn't ended: one that hangs isn't asked again. */
const checking = new WeakSet<MediaWorker>();

/**
 * Whether a worker does what a peer needs of it: opens a transport, and answers at each address and by each
 * protocol to a STUN Binding Request. Nothing of it stays behind.
 *
 * @param mediaWorker - the worker
 * @param withinMs - how long it may take, in milliseconds
 * @returns what is wrong; undefined when all is well
 */
export async function checkWorker(
  mediaWorker: MediaWorker,
  withinMs: number,
): Promise<string | undefined> {
  const slow = `it doesn't answer within ${withinMs} ms`;
  if (checking.has(mediaWorker)) {
    return slow;
  }
  checking.add(mediaWorker);
  const signal = AbortSignal.timeout(withinMs);
  const late = new Promise<string>((resolve) =>
    signal.addEventListener('abort', () => resolve(slow), { once: true }),
  );
  const checked = check(mediaWorker, signal)
    .then(() => undefined)
    .catch((error: Error) => error.message)
    .finally(() => checking.delete(mediaWorker));
  return await Promise.race([checked, late]);
}

async function check({ worker, ports }: MediaWorker, signal: AbortSignal): Promise<void> {
  // First a question that costs nothing: one that hangs would make what is asked for when it goes on.
  await worker.getResourceUsage();
  if (signal.aborted) {
    return;
  }
  const router = await worker.createRouter({ appData: forCheck });
  try {
    const { transport, endpoints } = await ports.openProbe(router);
    for (const endpoint of endpoints) {
      await checkStun(endpoint, transport.iceParameters, signal);
    }
  } finally {
    router.close();
  }
}
