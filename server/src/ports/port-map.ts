import type { types } from 'mediasoup';
import type { PortMode, Transport } from './media-ports.ts';

/** A live snapshot: port -> ufrag -> client address -> transport -> peer -> room. */
export interface PortMap {
  mode: PortMode;
  /** Why there are as many ports as there are, for people. */
  why: string;
  ports: PortEntry[];
}

export interface PortEntry {
  workerIndex: number;
  workerPid: number;
  protocol: types.TransportProtocol;
  /** As clients are told. */
  address: string;
  port: number;
  transports: TransportEntry[];
}

export interface TransportEntry {
  transportId: string;
  roomId: string;
  peerId: string;
  direction: 'send' | 'recv';
  /** Our ICE username fragment: what a client's first STUN request is known by. */
  ufrag: string;
  /** The client's address, once ICE has chosen this port for it: what all else is known by. */
  remote?: { address: string; port: number };
}

/** A port, without those who use it. */
export type Listening = Pick<PortEntry, 'protocol' | 'address' | 'port'>;

/**
 * The entries of one worker: its standing ports, and those that its transports' candidates name.
 *
 * @param worker - its index and process id
 * @param standing - the ports that are open whether or not anybody uses them
 * @param transports - the worker's open transports
 */
export function describePorts(
  worker: { index: number; pid: number },
  standing: Listening[],
  transports: Iterable<Transport>,
): PortEntry[] {
  const entries = new Map<string, PortEntry>();
  const entryOf = ({ protocol, address, port }: Listening): PortEntry => {
    const key = `${protocol} ${address} ${port}`;
    const known = entries.get(key);
    if (known) return known;
    const entry: PortEntry = {
      workerIndex: worker.index,
      workerPid: worker.pid,
      protocol,
      address,
      port,
      transports: [],
    };
    entries.set(key, entry);
    return entry;
  };

  for (const listening of standing) entryOf(listening);
  for (const transport of transports) {
    for (const candidate of transport.iceCandidates) {
      entryOf(candidate).transports.push(describeTransport(transport, candidate));
    }
  }
  return [...entries.values()];
}

function describeTransport(transport: Transport, candidate: types.IceCandidate): TransportEntry {
  const { roomId, peerId, direction } = transport.appData;
  const entry: TransportEntry = {
    transportId: transport.id,
    roomId,
    peerId,
    direction,
    ufrag: transport.iceParameters.usernameFragment,
  };
  const tuple = transport.iceSelectedTuple;
  if (
    tuple?.remoteIp &&
    tuple.remotePort &&
    tuple.protocol === candidate.protocol &&
    tuple.localPort === candidate.port &&
    tuple.localAddress === candidate.address
  ) {
    entry.remote = { address: tuple.remoteIp, port: tuple.remotePort };
  }
  return entry;
}
