import childProcess from 'node:child_process';
import * as mediasoup from 'mediasoup';
import { StartError } from '../config/start-error.ts';

type Signal = 'SIGINT' | 'SIGTERM';
const signals: readonly Signal[] = ['SIGINT', 'SIGTERM'];

/**
 * Starts a mediasoup worker that leaves signals to us. A server that wants to say goodbye to its peers
 * first must not have its workers taken away, which would happen in two ways:
 *
 * - mediasoup's Worker closes itself on SIGINT and SIGTERM, by listeners that it adds to the process.
 *   They are private: they are known by having come with the worker.
 * - The worker's program ends on them too, and Ctrl-C in a terminal, timeout(1) or `kill -- -GROUP`
 *   signal a whole process group. So it gets a session, hence a group, of its own (setsid(2)), for
 *   which mediasoup has no option. It still ends when we are gone: its channel's pipe closes then.
 *
 * Both are done in the synchronous part of createWorker(), in which nobody else can be meant.
 *
 * @param workerBin - the worker's program; undefined: the one of mediasoup's own installation
 * @throws StartError when the program is missing, may not be run, or is no worker
 */
export async function spawnWorker(workerBin: string | undefined): Promise<mediasoup.types.Worker> {
  const before = new Map(signals.map((signal) => [signal, process.listeners(signal)]));
  const starting = inSessionOfItsOwn(() =>
    mediasoup.createWorker({
      // Warnings are a line for each stray packet: whoever can send packets could fill the log.
      logLevel: 'error',
      ...(workerBin ? { workerBin } : {}),
    }),
  );
  for (const signal of signals) {
    for (const listener of process.listeners(signal)) {
      if (!before.get(signal)?.includes(listener)) {
        process.removeListener(signal, listener);
      }
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

/** What `start` spawns before it returns is `detached` (Node.js API: child_process.spawn()). */
function inSessionOfItsOwn<T>(start: () => T): T {
  const { spawn } = childProcess;
  const detached = (program: string, args: string[], options: childProcess.SpawnOptions) =>
    spawn(program, args, { ...options, detached: true });
  childProcess.spawn = detached as typeof spawn;
  try {
    return start();
  } finally {
    childProcess.spawn = spawn;
  }
}
