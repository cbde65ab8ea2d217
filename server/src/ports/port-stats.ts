/** What came to the ports, what was dropped of it and why, and from whom. */
import type { types } from 'mediasoup';

/** What one of those who receive at a port has counted since it was started. */
export interface PortCounts {
  protocol: types.TransportProtocol;
  port: number;
  /** A worker's WebRtcServer, the kernel's program of shared-port, or its TCP front. */
  by: 'worker' | 'kernel' | 'tcp-front';
  workerIndex?: number;
  handled: Record<string, number>;
  dropped: Record<string, number>;
}

/** An address that a worker gives to a transport. It may have several, of which ICE has chosen one. */
export interface KnownTuple {
  transportId: string;
  protocol: types.TransportProtocol;
  port: number;
  remote: { address: string; port: number };
}

export interface Inspection {
  /** Whether the workers have said it. `not-counted`: in this mode they have nothing to say. */
  counted: 'counted' | 'needs-patched-worker' | 'not-counted';
  ports: PortCounts[];
  tuples: KnownTuple[];
}

/** A worker's part. `ports` is empty when it lacks patches/webrtc-server-dump.patch. */
export type WorkerInspection = Pick<Inspection, 'ports' | 'tuples'>;

/**
 * Asks a worker (mediasoup API: webRtcServer.dump()).
 *
 * @param webRtcServer - its only one
 * @param options.index - the worker's
 * @param options.portOf - the one port that peers reach it at by this protocol
 * @param options.tupleOf - a tuple of mediasoup's, as it is where peers reach it
 * @throws when the worker is gone
 */
export async function inspectWebRtcServer(
  webRtcServer: types.WebRtcServer,
  options: {
    index: number;
    portOf(protocol: types.TransportProtocol): number | undefined;
    tupleOf(tuple: types.TransportTuple): types.TransportTuple;
  },
): Promise<WorkerInspection> {
  const { index, portOf, tupleOf } = options;
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
      const { protocol, localPort: port, remoteIp: address, remotePort } = tupleOf(tuple);
      // Behind the TCP front: a connection that has just ended.
      if (!address || !remotePort) {
        return [];
      }
      return [{ transportId, protocol, port, remote: { address, port: remotePort } }];
    }),
  };
}

/**
 * Asks all workers at once.
 *
 * @param workers - those that have a WebRtcServer
 * @returns without those that died meanwhile
 */
export async function inspectAll(
  workers: Iterable<{ inspect(): Promise<WorkerInspection | undefined> }>,
): Promise<WorkerInspection[]> {
  const asked = await Promise.allSettled([...workers].map((worker) => worker.inspect()));
  return asked.flatMap((result) =>
    result.status === 'fulfilled' && result.value ? [result.value] : [],
  );
}

/** All workers' together. */
export function inspectionOf(workers: WorkerInspection[]): Inspection {
  const ports = workers.flatMap((worker) => worker.ports);
  return {
    counted: workers.length > 0 && ports.length === 0 ? 'needs-patched-worker' : 'counted',
    ports,
    tuples: workers.flatMap(({ tuples }) => tuples),
  };
}
