/** The state of workers by their own reports, independent of the server's counts. */
import { on, once } from 'node:events';
import type { types } from 'mediasoup';
import type { WorkerPool } from '../../server/src/media/worker-pool.ts';

/** mediasoup's own accessor for tests, which its public type lacks. */
type TestableWorker = types.Worker & { webRtcServersForTesting: Set<types.WebRtcServer> };

function webRtcServersOf(worker: types.Worker): types.WebRtcServer[] {
  return [...(worker as TestableWorker).webRtcServersForTesting];
}

/** The dump of a worker's WebRtcServer (docs/webrtc-server-dump.md). */
export async function dumpOf(worker: types.Worker): Promise<types.WebRtcServerDump> {
  const [webRtcServer] = webRtcServersOf(worker);
  if (!webRtcServer) {
    throw new Error('no WebRtcServer');
  }
  return await webRtcServer.dump();
}

/** A worker's UDP counters since it was started. Needs a patched worker. */
export async function receivedByUdp(worker: types.Worker): Promise<types.WebRtcServerReceiveStats> {
  const { receiveStats } = await dumpOf(worker);
  const stats = receiveStats.find(({ protocol }) => protocol === 'udp');
  if (!stats) {
    throw new Error('the worker lacks webrtc-server-dump.patch');
  }
  return stats;
}

/** Adds up the open objects of all workers of a test server. */
export async function workerState(pool: WorkerPool) {
  const state = { routers: 0, transportsProducersAndConsumers: 0, ufrags: 0 };
  for (const { worker } of pool.workers) {
    const { routerIds, webRtcServerIds, channelMessageHandlers } = await worker.dump();
    state.routers += routerIds.length;
    state.transportsProducersAndConsumers +=
      channelMessageHandlers.channelRequestHandlers.length -
      routerIds.length -
      webRtcServerIds.length;
    for (const webRtcServer of webRtcServersOf(worker)) {
      state.ufrags += (await webRtcServer.dump()).localIceUsernameFragments.length;
    }
  }
  return state;
}

/** The state of an idle server's workers. */
export const nothingOpen = { routers: 0, transportsProducersAndConsumers: 0, ufrags: 0 };

/**
 * Kills all workers until they are restarted only after a backoff (RespawnBackoff), so that none is running for a while.
 *
 * @param deaths - in a row. After 4, which a room survives, the backoff is 400 ms; it doubles with each
 */
export async function untilHeldBack(pool: WorkerPool, deaths = 4): Promise<void> {
  const count = pool.workers.length;
  for (let death = 1; ; death++) {
    const died = deathsIn(pool, count);
    for (const { worker } of pool.workers) {
      process.kill(worker.pid, 'SIGKILL');
    }
    await died;
    if (death === deaths) {
      return;
    }
    while (pool.workers.length < count) {
      await once(pool, 'workerstarted');
    }
  }
}

/** Resolves after this many deaths of workers. */
async function deathsIn(pool: WorkerPool, count: number): Promise<void> {
  let left = count;
  for await (const _ of on(pool, 'workerdied')) {
    left -= 1;
    if (left === 0) {
      return;
    }
  }
}
