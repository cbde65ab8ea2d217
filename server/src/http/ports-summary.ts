import type { PortEntry, PortMap } from '../ports/types.ts';

export interface PortsSummary {
  mode: PortMap['mode'];
  why: string;
  ports: (Omit<PortEntry, 'transports' | 'workerPid'> & { transports: number })[];
}

/**
 * What anybody may know of the ports: which are open, and for how many. Who uses them is for
 * operators, and a ufrag is half of a credential.
 *
 * @param map - the whole picture
 */
export function describeListening({ mode, why, ports }: PortMap): PortsSummary {
  return {
    mode,
    why,
    ports: ports.map(({ workerIndex, protocol, ip, port, announced, transports }) => ({
      workerIndex,
      protocol,
      ip,
      port,
      announced,
      transports: transports.length,
    })),
  };
}
