/** The servers that scenarios compare: oneport in each port mode, with our worker and with mediasoup's own. */
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type ServerProcess, startServerProcess } from '../testkit/servers/server-process.ts';
import { workerPids } from '../testkit/system/processes.ts';
import { chooseCores, pin, pinned } from './cores.ts';
import { describeWorker } from './machine.ts';
import type { Measured, Subject, SubjectOptions } from './scenario.ts';

export const serverMain = fileURLToPath(new URL('../server/src/main.ts', import.meta.url));

/** A way to run the server. */
export interface ServerSetup {
  readonly name: string;
  readonly workerBin: string;
  /** Settings of the server, and variables that its workers read. */
  readonly env: Readonly<Record<string, string>>;
}

/** The name of the patch that sends packets in batches. */
const batchPatch = 'batch';

/** Subjects that change with neither our worker nor our server, by name. */
export const referenceNames = [
  'without batching',
  'stock worker',
  'oneport, without batching',
  'oneport, stock worker',
  'Janus, default',
  'Janus, 1 event loop',
];

/** single-port, on which the others' ratios are based, multi-port, and shared-port. */
export function portModes({ workerBin }: SubjectOptions): ServerSetup[] {
  return [
    { name: 'single-port', workerBin, env: { MEDIASOUP_USE_WEBRTC_SERVER: 'true' } },
    { name: 'multi-port', workerBin, env: { MEDIASOUP_USE_WEBRTC_SERVER: 'false' } },
    { name: 'shared-port', workerBin, env: { MEDIASOUP_USE_WEBRTC_SERVER: 'shared' } },
  ];
}

/** Other workers in single-port: ours with batches switched off, if it has them, and mediasoup's, if there is one. */
export function otherWorkers({ workerBin, stockBin }: SubjectOptions): ServerSetup[] {
  const env = { MEDIASOUP_USE_WEBRTC_SERVER: 'true' };
  const batches = describeWorker(workerBin)?.patches.some((name) => name.includes(batchPatch));
  return [
    ...(batches
      ? [{ name: 'without batching', workerBin, env: { ...env, MEDIASOUP_BATCH: '0' } }]
      : []),
    ...(stockBin ? [{ name: 'stock worker', workerBin: stockBin, env }] : []),
  ];
}

/** A running server whose worker has a core of its own. */
export interface PinnedServer extends ServerProcess {
  readonly workerPid: number;
}

/** Starts the server as `npm start` does, with one worker. */
export async function startPinnedServer(
  { workerBin, env }: ServerSetup,
  more: Readonly<Record<string, string>> = {},
): Promise<PinnedServer> {
  const cores = chooseCores();
  const server = await startServerProcess(
    { MEDIASOUP_WORKER_BIN: workerBin, LOG_LEVEL: 'error', ...env, ...more },
    { command: pinned(cores.generator, process.execPath, serverMain) },
  );
  const [workerPid] = workerPids(server.process.pid);
  if (workerPid === undefined) {
    await server.stop();
    throw new Error('the server has no worker');
  }
  pin(workerPid, cores.workers);
  // Start-up work of the server must not count.
  await sleep(200);
  return { ...server, workerPid };
}

/** @param run - measures a server that runs as `setup` says */
export function serverSubject(
  setup: ServerSetup,
  run: (setup: ServerSetup, seconds: number) => Promise<Measured>,
): Subject {
  return {
    name: setup.name,
    worker: describeWorker(setup.workerBin),
    run: (seconds) => run(setup, seconds),
  };
}
