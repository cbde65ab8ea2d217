/** Builds the rows of all workers, ports and transports; view.ts selects those that a viewer gets. */
import type {
  Counted,
  PortCount,
  PortRow,
  Rates,
  TransportPhase,
  TransportRow,
  WorkerRow,
} from '@oneport/protocol';
import type { MediaWorker } from '../media/media-worker.ts';
import { hostAndPort } from '../net/ip.ts';
import type { Inspection, KnownTuple, PortEntry, PortMap, TransportEntry } from '../ports/types.ts';

const nothing: Rates = { bytesIn: 0, bytesOut: 0, packetsIn: 0, packetsOut: 0 };

/** The most ports that a worker's row lists. */
const maxPortsOfWorker = 8;

export interface RowSources {
  map: PortMap;
  rooms: number;
  /** undefined until the first one has ended. */
  inspection: Inspection | undefined;
  workers: Omit<WorkerRow, 'transports' | 'ports' | 'portCount'>[];
  ratesOf(transportId: string, workerIndex: number): Rates | undefined;
  displayNameOf(roomId: string, peerId: string): string | undefined;
}

export interface Rows {
  mode: PortMap['mode'];
  why: string;
  rooms: number;
  counted: Counted;
  workers: WorkerRow[];
  ports: ReadonlyMap<string, PortRow>;
  /** The newest first. */
  transports: TransportRow[];
}

/** The key of a port's row, such as `udp 44444`: unique, whatever the number of addresses and workers. */
function portKey({ protocol, port }: { protocol: string; port: number }): string {
  return `${protocol} ${port}`;
}

/** @param sources - read at about the same time */
export function buildRows(sources: RowSources): Rows {
  const { map, rooms, inspection } = sources;
  const ports = new Map<string, PortRow>();
  const transports = new Map<string, TransportRow>();
  for (const entry of map.ports) {
    const port = portOf(entry, ports);
    for (const one of entry.transports) {
      const row = transportOf(one, entry, transports);
      if (!row.ports.includes(port.key)) {
        row.ports.push(port.key);
        port.transports++;
      }
      if (one.remote && !row.tuple) {
        const { address, port: remotePort } = one.remote;
        row.tuple = {
          port: port.key,
          address,
          remotePort,
          since: one.times.tuple ?? one.times.opened,
        };
        port.connected++;
      }
    }
  }
  for (const row of transports.values()) {
    row.rates = sources.ratesOf(row.key, row.worker) ?? null;
    row.displayName = sources.displayNameOf(row.roomId, row.peerId) ?? null;
    const port = row.tuple && ports.get(row.tuple.port);
    if (port && row.rates) {
      port.rates = sumOf(port.rates, row.rates);
    }
  }
  // Without a connected transport, the rates are known to be zero.
  for (const port of ports.values()) {
    if (port.connected === 0) {
      port.rates = nothing;
    }
  }
  for (const tuple of inspection?.tuples ?? []) {
    addRemote(tuple, transports.get(tuple.transportId));
  }
  for (const [key, counts] of countsByPort(inspection)) {
    const port = ports.get(key);
    if (port) {
      port.counts = counts;
    }
  }
  return {
    mode: map.mode,
    why: map.why,
    rooms,
    counted: inspection?.counted ?? 'not-known-yet',
    workers: sources.workers.map((worker) => completeWorkerRow(worker, ports, transports)),
    ports,
    transports: [...transports.values()].sort((a, b) => b.openedAt - a.openedAt),
  };
}

function portOf(entry: PortEntry, ports: Map<string, PortRow>): PortRow {
  const { protocol, port, ip, announced, workerIndex } = entry;
  const key = portKey(entry);
  const known = ports.get(key);
  const row = known ?? {
    key,
    protocol,
    port,
    addresses: [],
    announced: [],
    workers: [],
    transports: 0,
    connected: 0,
    rates: null,
    counts: [],
  };
  if (!known) {
    ports.set(key, row);
  }
  addNew(row.addresses, ip);
  addNew(row.workers, workerIndex);
  for (const { address, port } of announced) {
    addNew(row.announced, hostAndPort(address, port));
  }
  return row;
}

function transportOf(
  entry: TransportEntry,
  { workerIndex }: PortEntry,
  transports: Map<string, TransportRow>,
): TransportRow {
  const known = transports.get(entry.transportId);
  if (known) {
    return known;
  }
  const { transportId: key, roomId, peerId, direction, ufrag, previousUfrag, times } = entry;
  const row: TransportRow = {
    key,
    roomId,
    peerId,
    displayName: null,
    direction,
    worker: workerIndex,
    ufrag,
    previousUfrag: previousUfrag ?? null,
    ports: [],
    phase: phaseOf(entry),
    openedAt: times.opened,
    stunAt: times.stun ?? null,
    dtlsAt: times.dtls ?? null,
    tuple: null,
    otherRemotes: [],
    rates: null,
  };
  transports.set(key, row);
  return row;
}

function phaseOf({ iceState, times }: TransportEntry): TransportPhase {
  switch (iceState) {
    case 'new':
      return 'waiting';
    case 'connected':
    case 'completed':
      return times.dtls === undefined ? 'stun' : 'tuple';
    default:
      return 'lost';
  }
}

/** Adds a remote address that the worker knows besides ICE's selected tuple. */
function addRemote({ remote }: KnownTuple, row: TransportRow | undefined): void {
  if (!row) {
    return;
  }
  const selected = row.tuple?.address === remote.address && row.tuple.remotePort === remote.port;
  if (!selected) {
    addNew(row.otherRemotes, hostAndPort(remote.address, remote.port));
  }
}

/** Sums the counts of the workers of one port. */
function countsByPort(inspection: Inspection | undefined): Map<string, PortCount[]> {
  const byPort = new Map<string, PortCount[]>();
  for (const one of inspection?.ports ?? []) {
    const by = one.by === 'worker' ? 'workers' : one.by;
    const counts = byPort.get(portKey(one)) ?? [];
    byPort.set(portKey(one), counts);
    let sum = counts.find((count) => count.by === by);
    if (!sum) {
      sum = { by, handled: {}, dropped: {} };
      counts.push(sum);
    }
    add(sum.handled, one.handled);
    add(sum.dropped, one.dropped);
  }
  return byPort;
}

/** @returns a worker's row without what the ports and transports add to it */
export function workerRow({
  index,
  worker,
  usage,
  routers,
  traffic,
  sampler,
}: MediaWorker): RowSources['workers'][number] {
  const { cpu, memory } = usage;
  return {
    key: String(index),
    index,
    pid: worker.pid,
    cpu: cpu === undefined ? null : Math.round(cpu * 1000) / 1000,
    memory: memory ?? null,
    rooms: routers,
    // Without transports the rates are known to be zero; otherwise they are unknown until the first sample.
    rates: sampler.rates.size === 0 && traffic.size > 0 ? null : sampler.sum,
  };
}

function completeWorkerRow(
  worker: RowSources['workers'][number],
  ports: ReadonlyMap<string, PortRow>,
  transports: ReadonlyMap<string, TransportRow>,
): WorkerRow {
  const { index } = worker;
  const row = { ...worker, transports: 0, ports: [] as string[], portCount: 0 };
  for (const transport of transports.values()) {
    if (transport.worker === index) {
      row.transports++;
    }
  }
  for (const { key, workers } of ports.values()) {
    if (!workers.includes(index)) {
      continue;
    }
    if (row.portCount++ < maxPortsOfWorker) {
      row.ports.push(key);
    }
  }
  return row;
}

function sumOf(sum: Rates | null, more: Rates): Rates {
  return {
    bytesIn: (sum?.bytesIn ?? 0) + more.bytesIn,
    bytesOut: (sum?.bytesOut ?? 0) + more.bytesOut,
    packetsIn: (sum?.packetsIn ?? 0) + more.packetsIn,
    packetsOut: (sum?.packetsOut ?? 0) + more.packetsOut,
  };
}

function add(sum: Record<string, number>, more: Record<string, number>): void {
  for (const [name, value] of Object.entries(more)) {
    sum[name] = (sum[name] ?? 0) + value;
  }
}

function addNew<T>(list: T[], item: T): void {
  if (!list.includes(item)) {
    list.push(item);
  }
}
