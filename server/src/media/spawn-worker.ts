import * as mediasoup from 'mediasoup';
import { StartError } from '../start-error.ts';

type Signal = 'SIGINT' | 'SIGTERM';
const signals: readonly Signal[] = ['SIGINT', 'SIGTERM'];

/**
 * Starts a mediasoup worker that leaves signals to us.
 *
 * mediasoup's Worker closes itself on SIGINT and SIGTERM, by listeners that it adds to the process.
 * A server that wants to say goodbye to its peers first must not have its workers taken away, so
 * those listeners are removed here. They are private: they are known by having come with the worker,
 * in the synchronous part of createWorker().
 *
 * @param workerBin - the worker's program; undefined: the one of mediasoup's own installation
 * @throws StartError when the program is missing, may not be run, or is no worker
 */
export async function spawnWorker(workerBin: string | undefined): Promise<mediasoup.types.Worker> {
  const before = new Map(signals.map((signal) => [signal, process.listeners(signal)]));
  const starting = mediasoup.createWorker({
    // Warnings are a line for each stray packet: whoever can send packets could fill the log.
    logLevel: 'error',
    ...(workerBin ? { workerBin } : {}),
  });
  for (const signal of signals) {
    for (const listener of process.listeners(signal)) {
      if (!before.get(signal)?.includes(listener)) process.removeListener(signal, listener);
    }
  }
  return await starting.catch((error: Error) => {
    throw new StartError(
      `  The mediasoup worker ${workerBin ?? ''} can't be run: ${error.message}. ` +
        (workerBin
          ? 'MEDIASOUP_WORKER_BIN must name a mediasoup-worker; unset, npm start gets or builds one.'
          : 'npm run worker gets or builds it; npm start does that by itself.'),
    );
  });
}
