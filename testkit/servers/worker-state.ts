import type { types } from 'mediasoup';
import type { WorkerPool } from '../../server/src/media/worker-pool.ts';

/** mediasoup's own door for tests, which its public type doesn't show. */
type TestableWorker = types.Worker & { webRtcServersForTesting: Set<types.WebRtcServer> };

/** A worker's WebRtcServers. */
export function webRtcServersOf(worker: types.Worker): types.WebRtcServer[] {
  return [...(worker as TestableWorker).webRtcServersForTesting];
}

/**
 * What the workers themselves say they have, all together: no count of ours.
 *
 * @param pool - of a test server
 */
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

/** What an idle server's workers say. */
export const nothingOpen = { routers: 0, transportsProducersAndConsumers: 0, ufrags: 0 };
