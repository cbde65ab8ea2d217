/** Everything that can be shown, as rows. What of it a viewer gets is view.ts's. */
import type {
  Counted,
  PortCount,
  PortRow,
  Rates,
  TransportPhase,
  TransportRow,
  WorkerRow,
} from '@oneport/protocol';
import type { PortEntry, PortMap, TransportEntry } from '../ports/port-map.ts';
import type { Inspection, KnownTuple } from '../ports/received.ts';
import { addressAndPort, portKey } from './port-key.ts';

/** Ports that a worker's row names. */
const portsOfWorker = 8;

export interface PictureParts {
  map: PortMap;
  rooms: number;
  /** Undefined before the first has ended. */
  inspection: Inspection | undefined;
  workers: Omit<WorkerRow, 'transports' | 'ports' | 'portCount'>[];
  ratesOf(transportId: string, workerIndex: number): Rates | undefined;
}

export interface Picture {
  mode: PortMap['mode'];
  why: string;
  rooms: number;
  counted: Counted;
  workers: WorkerRow[];
  ports: ReadonlyMap<string, PortRow>;
  transports: TransportRow[];
}

/** @param parts - of about the same time */
export function paint(parts: PictureParts): Picture {
  const { map, rooms, inspection } = parts;
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
    row.rates = parts.ratesOf(row.key, row.worker) ?? null;
  }
  for (const tuple of inspection?.tuples ?? []) addRemote(tuple, transports.get(tuple.transportId));
  for (const port of ports.values()) port.counts = countsOf(port, inspection);
  return {
    mode: map.mode,
    why: map.why,
    rooms,
    counted: inspection?.counted ?? 'not-known-yet',
    workers: parts.workers.map((worker) => describeWorker(worker, ports, transports)),
    ports,
    transports: [...transports.values()],
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
    counts: [],
  };
  if (!known) ports.set(key, row);
  addNew(row.addresses, ip);
  addNew(row.workers, workerIndex);
  for (const told of announced) addNew(row.announced, addressAndPort(told.address, told.port));
  return row;
}

function transportOf(
  entry: TransportEntry,
  { workerIndex }: PortEntry,
  transports: Map<string, TransportRow>,
): TransportRow {
  const known = transports.get(entry.transportId);
  if (known) return known;
  const { transportId: key, roomId, peerId, direction, ufrag, previousUfrag, times } = entry;
  const row: TransportRow = {
    key,
    roomId,
    peerId,
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

/** What the worker knows besides the tuple that ICE has chosen. */
function addRemote({ remote }: KnownTuple, row: TransportRow | undefined): void {
  if (!row) return;
  const chosen = row.tuple?.address === remote.address && row.tuple.remotePort === remote.port;
  if (!chosen) addNew(row.otherRemotes, addressAndPort(remote.address, remote.port));
}

/** Those who count the same, such as the workers of one port, together. */
function countsOf(row: PortRow, inspection: Inspection | undefined): PortCount[] {
  const counts = new Map<PortCount['by'], PortCount>();
  for (const { by: who, protocol, port, handled, dropped } of inspection?.ports ?? []) {
    if (protocol !== row.protocol || port !== row.port) continue;
    const by = who === 'worker' ? 'workers' : who;
    const sum = counts.get(by) ?? { by, handled: {}, dropped: {} };
    counts.set(by, sum);
    add(sum.handled, handled);
    add(sum.dropped, dropped);
  }
  return [...counts.values()];
}

function describeWorker(
  worker: PictureParts['workers'][number],
  ports: ReadonlyMap<string, PortRow>,
  transports: ReadonlyMap<string, TransportRow>,
): WorkerRow {
  const { index } = worker;
  const own = [...ports.values()].filter(({ workers }) => workers.includes(index));
  return {
    ...worker,
    transports: [...transports.values()].filter((row) => row.worker === index).length,
    ports: own.slice(0, portsOfWorker).map(({ key }) => key),
    portCount: own.length,
  };
}

function add(sum: Record<string, number>, more: Record<string, number>): void {
  for (const [name, value] of Object.entries(more)) sum[name] = (sum[name] ?? 0) + value;
}

function addNew<T>(list: T[], item: T): void {
  if (!list.includes(item)) list.push(item);
}
