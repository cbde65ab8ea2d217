/** Collects counters and tuples from the workers' WebRtcServers. */
import type { types } from 'mediasoup';
import type { Inspection } from './types.ts';

/** One worker's part. `ports` is empty when it lacks patches/webrtc-server-dump.patch. */
export type WorkerInspection = Pick<Inspection, 'ports' | 'tuples'>;

/**
 * Inspects a worker by `webRtcServer.dump()`.
 *
 * @param webRtcServer - the worker's only one
 * @param options.index - the worker's index
 * @param options.portOf - the one port at which peers reach the worker by a protocol
 * @param options.peerTuple - the tuple between that port and the peer, given mediasoup's
 * @throws when the worker has died
 */
export async function inspectWebRtcServer(
  webRtcServer: types.WebRtcServer,
  options: {
    index: number;
    portOf(protocol: types.TransportProtocol): number | undefined;
    peerTuple(tuple: types.TransportTuple): types.TransportTuple;
  },
): Promise<WorkerInspection> {
  const { index, portOf, peerTuple } = options;
  const { receiveStats, tuples } = await webRtcServer.dump();
  return {
    ports: receiveStats.flatMap(({ protocol, packets, bytes, ...dropped }) => {
      const port = portOf(protocol);
      if (port === undefined) {
        return [];
      }
      const handled = { packets, bytes };
      return [{ protocol, port, by: 'worker' as const, workerIndex: index, handled, dropped }];
    }),
    tuples: tuples.flatMap(({ tuple, webRtcTransportId: transportId }) => {
      const { protocol, localPort: port, remoteIp: address, remotePort } = peerTuple(tuple);
      // A connection through the TCP demultiplexer that has just ended has no remote address.
      if (!address || !remotePort) {
        return [];
      }
      return [{ transportId, protocol, port, remote: { address, port: remotePort } }];
    }),
  };
}

export function mergeInspections(workers: WorkerInspection[]): Inspection {
  const ports = workers.flatMap((worker) => worker.ports);
  return {
    counted: workers.length > 0 && ports.length === 0 ? 'needs-patched-worker' : 'counted',
    ports,
    tuples: workers.flatMap(({ tuples }) => tuples),
  };
}
