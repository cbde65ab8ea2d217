import type { PortEntry, PortMap } from '../ports/types.ts';

export interface PortsSummary {
  mode: PortMap['mode'];
  why: string;
  ports: (Omit<PortEntry, 'transports' | 'workerPid'> & { transports: number })[];
}

/** @returns the open ports without their transports, which are for operators: a ufrag is half of a credential */
export function summarizePorts({ mode, why, ports }: PortMap): PortsSummary {
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
