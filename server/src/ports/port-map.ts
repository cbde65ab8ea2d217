/** Builds endpoints and the port map out of mediasoup's candidates and tuples. */
import type { types } from 'mediasoup';
import type { ListenAddress } from '../config/announced-addresses.ts';
import type { Endpoint, PortEntry, Transport, TransportEntry, TransportTimes } from './types.ts';

/** A transport's past, which mediasoup does not keep. */
export interface TransportRecord {
  readonly times: TransportTimes;
  /** The ufrag before the last ICE restart. */
  readonly previousUfrag: string | undefined;
}

/**
 * @param address - the bound address and the addresses that are announced for it
 * @param ports - the bound port, and the one that peers are given for each announced address
 */
export function endpointAt(
  { ip, announced: [first, ...rest] }: ListenAddress,
  {
    protocol,
    port,
    announcedPort,
  }: Pick<Endpoint, 'protocol' | 'port'> & { announcedPort: number },
): Endpoint {
  const announce = (address: string) => ({ address, port: announcedPort });
  return { protocol, ip, port, announced: [announce(first), ...rest.map(announce)] };
}

/**
 * Finds the endpoint of a candidate. mediasoup's candidates have the bound port and the first of the
 * announced addresses.
 *
 * @throws TypeError when there is none
 */
export function findEndpoint(endpoints: Endpoint[], candidate: types.IceCandidate): Endpoint {
  const found = endpoints.find(
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
 * The port map's entries for one worker.
 *
 * @param options.fixedEndpoints - those that are open whether or not a transport uses them
 * @param options.transports - the worker's open transports
 * @param options.endpointOf - the endpoint of one of mediasoup's candidates
 * @param options.peerTuple - the tuple between the endpoint and the peer, given mediasoup's
 */
export function describePorts(options: {
  worker: { index: number; pid: number };
  fixedEndpoints: Endpoint[];
  transports: Iterable<[Transport, TransportRecord]>;
  endpointOf(candidate: types.IceCandidate): Endpoint;
  peerTuple(tuple: types.TransportTuple): types.TransportTuple;
}): PortEntry[] {
  const { worker, fixedEndpoints, transports, endpointOf, peerTuple } = options;
  const entries = new Map<string, PortEntry>();
  const entryOf = (endpoint: Endpoint): PortEntry => {
    const { protocol, ip, port } = endpoint;
    const key = `${protocol} ${ip} ${port}`;
    const known = entries.get(key);
    if (known) {
      return known;
    }
    const entry: PortEntry = {
      workerIndex: worker.index,
      workerPid: worker.pid,
      ...endpoint,
      transports: [],
    };
    entries.set(key, entry);
    return entry;
  };

  for (const endpoint of fixedEndpoints) {
    entryOf(endpoint);
  }
  for (const [transport, record] of transports) {
    const { iceSelectedTuple, iceState } = transport;
    // mediasoup keeps the selected tuple in JavaScript after its worker has dropped it.
    const tuple = iceState === 'disconnected' ? undefined : iceSelectedTuple;
    const selected = tuple && peerTuple(tuple);
    for (const candidate of transport.iceCandidates) {
      const entry = entryOf(endpointOf(candidate));
      entry.transports.push(describeTransport([transport, record], entry, selected));
    }
  }
  return [...entries.values()];
}

function describeTransport(
  [transport, record]: [Transport, TransportRecord],
  endpoint: Endpoint,
  tuple: types.TransportTuple | undefined,
): TransportEntry {
  const { roomId, peerId, direction } = transport.appData;
  const entry: TransportEntry = {
    transportId: transport.id,
    roomId,
    peerId,
    direction,
    ufrag: transport.iceParameters.usernameFragment,
    previousUfrag: record.previousUfrag,
    iceState: transport.iceState,
    times: record.times,
  };
  if (
    tuple?.remoteIp &&
    tuple.remotePort &&
    tuple.protocol === endpoint.protocol &&
    tuple.localPort === endpoint.port &&
    tuple.localAddress === endpoint.ip
  ) {
    entry.remote = { address: tuple.remoteIp, port: tuple.remotePort };
  }
  return entry;
}
