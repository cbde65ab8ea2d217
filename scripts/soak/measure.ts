import { queryObjects } from 'node:v8';
import { extras } from 'mediasoup';
import { SharedPort } from '../../server/src/ports/shared-port/shared-port.ts';
import type { RunningServer } from '../../server/src/server.ts';
import { workerState } from '../../testkit/servers/worker-state.ts';
import { openFilesOf, portsOf, residentBytesOf } from '../../testkit/system/process-files.ts';

/** What must be the same before and after, and is told at once. */
export interface Counts {
  rooms: number;
  /** What the workers say they have. */
  routers: number;
  transportsProducersAndConsumers: number;
  ufrags: number;
  /** What the server takes them to have. */
  routersOfServer: number;
  transportsOfServer: number;
  trafficMeters: number;
  transportsInPortMap: number;
  /** In shared-port: entries in the kernel's tables. */
  ufragsInKernel: number;
  /** Sockets, pipes and the like, as Node counts them. */
  handles: Record<string, number>;
  /** Of the server and of each worker. */
  files: number[];
  ports: string[][];
}

/** What only ends near where it began. */
export interface Memory {
  /** V8's heap in bytes, after a full collection. */
  heap: number;
  /** Of each worker, in bytes. */
  workers: number[];
}

export interface Measurement {
  counts: Counts;
  /**
   * How many objects of mediasoup's live in V8's heap, observers included; must be the same, too. What something still
   * points to is counted, whatever that is: a connection has a peer, a peer transports, a room a router.
   */
  objects: number;
  memory: Memory;
}

/** Looks at a server in its own process. */
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
    ufragsInKernel: ports instanceof SharedPort ? ports.steering.tables.readUfrags().size : 0,
    handles: handles(),
    // What is read of /proc comes and goes.
    files: pids.map((pid) => openFilesOf(pid).filter((file) => !file.startsWith('/proc')).length),
    ports: pids.map(portsOf),
  };
}

/**
 * The same, and what takes long.
 *
 * @throws Error when the process was not started with `--expose-gc`
 */
export async function measure(server: RunningServer): Promise<Measurement> {
  const { gc } = globalThis;
  if (!gc) {
    throw new Error('memory can only be compared after a collection: --expose-gc');
  }
  const counts = await count(server);
  // What finalizers let go is collected by the second.
  await gc({ type: 'major', execution: 'async' });
  gc();
  return {
    counts,
    // It walks through all of the heap: once is enough.
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
    // These come and go: timers such as the one behind HTTP's Date header, and reading /proc.
    if (/Timeout|Immediate|Req/.test(kind)) {
      continue;
    }
    counted[kind] = (counted[kind] ?? 0) + 1;
  }
  return counted;
}
