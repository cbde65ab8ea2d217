import type { RequestHandler } from 'express';
import { bearerTokenIn, isSameToken } from '../access/operator-token.ts';
import type { MediaPorts, PortEntry, PortMap } from '../ports/types.ts';
import { cached } from './cached.ts';

export interface PortsSummary {
  mode: PortMap['mode'];
  why: string;
  ports: (Omit<PortEntry, 'transports' | 'workerPid'> & { transports: number })[];
}

/** Counting takes time in proportion to the number of transports. */
const countEveryMs = 1_000;

/**
 * Answers with the port mode, and for holders of the port map's token also with the open ports.
 *
 * @param token - PORT_MAP_TOKEN, or the generated one
 */
export function servePorts(ports: MediaPorts, token: string): RequestHandler {
  const summary = cached(async () => summarizePorts(await ports.snapshot()), countEveryMs);
  return async (request, response) => {
    response.set('Cache-Control', 'no-store').set('Vary', 'Authorization');
    if (request.headers.authorization === undefined) {
      response.json({ mode: ports.mode });
    } else if (isSameToken(bearerTokenIn(request.headers.authorization), token)) {
      response.json(await summary());
    } else {
      response.status(401).set('WWW-Authenticate', 'Bearer').json({ error: 'wrong token' });
    }
  };
}

/** @returns the open ports without their transports, which are for operators: a ufrag is half of a credential */
function summarizePorts({ mode, why, ports }: PortMap): PortsSummary {
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
