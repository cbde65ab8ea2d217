import { queryObjects } from 'node:v8';
import { extras } from 'mediasoup';
import { SharedPort } from '../../server/src/ports/shared-port/shared-port.ts';
import type { RunningServer } from '../../server/src/server.ts';
import { workerState } from '../../testkit/servers/worker-state.ts';
import { openFilesOf, portsOf, residentBytesOf } from '../../testkit/system/processes.ts';

/** Numbers that must be the same before and after, and are quick to get. */
export interface Counts {
  rooms: number;
  /** As the workers count them. */
  routers: number;
  transportsProducersAndConsumers: number;
  ufrags: number;
  /** As the server counts them. */
  routersOfServer: number;
  transportsOfServer: number;
  trafficMeters: number;
  transportsInPortMap: number;
  /** shared-port: entries in the eBPF map. */
  ufragsInKernel: number;
  /** Sockets, pipes and other handles, as Node counts them. */
  handles: Record<string, number>;
  /** Of the server and of each worker. */
  files: number[];
  ports: string[][];
}

/** Sizes that are only similar before and after, in bytes. */
interface Memory {
  /** V8's heap after a full collection. */
  heap: number;
  /** The resident memory of each worker. */
  workers: number[];
}

export interface Measurement {
  counts: Counts;
  /**
   * The number of mediasoup's objects in V8's heap, observers included; it must be the same, too. Any object that is
   * leaked shows here, because it refers to some of them: connections to peers, peers to transports, rooms to routers.
   */
  objects: number;
  memory: Memory;
}

/** Must run in the server's process. */
export async function count({ rooms, pool, ports }: RunningServer): Promise<Counts> {
  const state = await workerState(pool);
  const map = await ports.snapshot();
  const sum = (of: (worker: (typeof pool.workers)[number]) => number) =>
    pool.workers.reduce((total, worker) => total + of(worker), 0);
  const pids = [process.pid, ...pool.workers.map(({ worker }) => worker.pid)];
  return {
    rooms: rooms.size,
    ...state,
    routersOfServer: sum(({ routers }) => routers),
    transportsOfServer: sum(({ transports }) => transports),
    trafficMeters: sum(({ traffic }) => traffic.size),
    transportsInPortMap: map.ports.flatMap(({ transports }) => transports).length,
    ufragsInKernel:
      ports instanceof SharedPort ? ports.steering.tables.readUfragsForTesting().size : 0,
    handles: handles(),
    // Files in /proc are open only while they are read.
    files: pids.map((pid) => openFilesOf(pid).filter((file) => !file.startsWith('/proc')).length),
    ports: pids.map(portsOf),
  };
}

/**
 * Counts, and measures what takes long.
 *
 * @throws Error when the process was not started with `--expose-gc`
 */
export async function measure(server: RunningServer): Promise<Measurement> {
  const { gc } = globalThis;
  if (!gc) {
    throw new Error(
      'memory can only be compared after a garbage collection: start with --expose-gc',
    );
  }
  const counts = await count(server);
  // The second collects what finalizers of the first released.
  await gc({ type: 'major', execution: 'async' });
  gc();
  return {
    counts,
    // Slow: it walks the whole heap.
    objects: queryObjects(extras.EnhancedEventEmitter, { format: 'count' }),
    memory: {
      heap: process.memoryUsage().heapUsed,
      workers: server.pool.workers.map(({ worker }) => residentBytesOf(worker.pid)),
    },
  };
}

function handles(): Record<string, number> {
  const counted: Record<string, number> = {};
  for (const kind of process.getActiveResourcesInfo().sort()) {
    // Short-lived: timers such as that of HTTP's Date header, and reading /proc.
    if (/Timeout|Immediate|Req/.test(kind)) {
      continue;
    }
    counted[kind] = (counted[kind] ?? 0) + 1;
  }
  return counted;
}
