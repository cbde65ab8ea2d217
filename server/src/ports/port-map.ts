import type { types } from 'mediasoup';
import type { ListenAddress } from '../config/announced-addresses.ts';
import type { PortMode, Transport } from './media-ports.ts';
import type { TransportHistory, TransportTimes } from './transport-history.ts';

/** A live snapshot: port -> ufrag -> client address -> transport -> peer -> room. */
export interface PortMap {
  mode: PortMode;
  /** Why there are as many ports as there are, for people. */
  why: string;
  ports: PortEntry[];
}

/** Where the kernel listens for a worker, and what peers are told. */
export interface Listening {
  protocol: types.TransportProtocol;
  ip: string;
  port: number;
  /** Where peers reach it, in order of preference: another address or port, where NAT lies between. */
  announced: [PeerAddress, ...PeerAddress[]];
}

export interface PeerAddress {
  address: string;
  port: number;
}

export interface PortEntry extends Listening {
  workerIndex: number;
  workerPid: number;
  transports: TransportEntry[];
}

export interface TransportEntry {
  transportId: string;
  roomId: string;
  peerId: string;
  direction: 'send' | 'recv';
  /** Our ICE username fragment: what a client's first STUN request is known by. */
  ufrag: string;
  /** Answered to as well after an ICE restart, until a request comes with the new one. */
  previousUfrag: string | undefined;
  iceState: types.IceState;
  times: TransportTimes;
  /** The client's address, once ICE has chosen this port for it: what all else is known by. */
  remote?: { address: string; port: number };
}

/**
 * What listens at an address.
 *
 * @param address - the address, and those that are announced for it
 * @param port - the kernel's, and what peers are told
 */
export function listeningAt(
  { ip, announced: [first, ...rest] }: ListenAddress,
  {
    protocol,
    port,
    announcedPort,
  }: Pick<Listening, 'protocol' | 'port'> & { announcedPort: number },
): Listening {
  const told = (address: string) => ({ address, port: announcedPort });
  return { protocol, ip, port, announced: [told(first), ...rest.map(told)] };
}

/**
 * Which of a worker's standing ports a candidate is: mediasoup says the kernel's port, and the first
 * of the announced addresses.
 *
 * @param standing - the worker's
 * @param candidate - mediasoup's
 */
export function findListening(standing: Listening[], candidate: types.IceCandidate): Listening {
  const found = standing.find(
    ({ protocol, port, announced }) =>
      protocol === candidate.protocol &&
      port === candidate.port &&
      announced[0].address === candidate.address,
  );
  if (found) {
    return found;
  }
  const { protocol, address, port } = candidate;
  throw new TypeError(`the worker has no ${protocol} port ${port} for ${address}`);
}

/**
 * The entries of one worker: its standing ports, and those that its transports' candidates name.
 *
 * @param options.worker - its index and process id
 * @param options.standing - the ports that are open whether or not anybody uses them
 * @param options.transports - the worker's open transports, with what became of them
 * @param options.listeningOf - where a candidate of mediasoup's is received
 * @param options.tupleOf - a tuple of mediasoup's, as it is there
 */
export function describePorts(options: {
  worker: { index: number; pid: number };
  standing: Listening[];
  transports: Iterable<[Transport, TransportHistory]>;
  listeningOf(candidate: types.IceCandidate): Listening;
  tupleOf(tuple: types.TransportTuple): types.TransportTuple;
}): PortEntry[] {
  const { worker, standing, transports, listeningOf, tupleOf } = options;
  const entries = new Map<string, PortEntry>();
  const entryOf = (listening: Listening): PortEntry => {
    const { protocol, ip, port } = listening;
    const key = `${protocol} ${ip} ${port}`;
    const known = entries.get(key);
    if (known) {
      return known;
    }
    const entry: PortEntry = {
      workerIndex: worker.index,
      workerPid: worker.pid,
      ...listening,
      transports: [],
    };
    entries.set(key, entry);
    return entry;
  };

  for (const listening of standing) {
    entryOf(listening);
  }
  for (const [transport, history] of transports) {
    const { iceSelectedTuple, iceState } = transport;
    // mediasoup's object keeps the tuple that its worker has forgotten.
    const tuple = iceState === 'disconnected' ? undefined : iceSelectedTuple;
    const selected = tuple && tupleOf(tuple);
    for (const candidate of transport.iceCandidates) {
      const entry = entryOf(listeningOf(candidate));
      entry.transports.push(describeTransport([transport, history], entry, selected));
    }
  }
  return [...entries.values()];
}

/** Those of all workers, by their indices: one that was started again is the newest in the map. */
export function portsOfAll(workers: ReadonlyMap<number, { describe(): PortEntry[] }>): PortEntry[] {
  return [...workers].sort(([a], [b]) => a - b).flatMap(([, ports]) => ports.describe());
}

function describeTransport(
  [transport, history]: [Transport, TransportHistory],
  listening: Listening,
  tuple: types.TransportTuple | undefined,
): TransportEntry {
  const { roomId, peerId, direction } = transport.appData;
  const entry: TransportEntry = {
    transportId: transport.id,
    roomId,
    peerId,
    direction,
    ufrag: transport.iceParameters.usernameFragment,
    previousUfrag: history.previousUfrag,
    iceState: transport.iceState,
    times: history.times,
  };
  if (
    tuple?.remoteIp &&
    tuple.remotePort &&
    tuple.protocol === listening.protocol &&
    tuple.localPort === listening.port &&
    tuple.localAddress === listening.ip
  ) {
    entry.remote = { address: tuple.remoteIp, port: tuple.remotePort };
  }
  return entry;
}
