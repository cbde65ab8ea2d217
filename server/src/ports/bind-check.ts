/** Finds out before a worker does whether its ports can be bound: mediasoup's own errors have no code. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, isIPv6 } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { StartError } from '../config/start-error.ts';
import { howToGetLowPort } from '../net/low-port.ts';
import type { Endpoint } from './types.ts';

export type BoundAddress = Pick<Endpoint, 'protocol' | 'ip' | 'port'>;

/** Another program has bound the port. */
export class PortInUseError extends StartError {
  override name = 'PortInUseError';

  constructor({ protocol, ip, port }: BoundAddress) {
    super(
      `  Port ${port}, ${protocol.toUpperCase()}, at ${ip} is in use. Free it ` +
        `(\`ss -lnptu 'sport = :${port}'\` shows the program) or choose another with MEDIASOUP_PORT.`,
    );
  }
}

/** The default port is an ephemeral one, which the kernel may have lent to an outgoing connection. */
const bindAttempts = 5;
const bindPauseMs = 100;

/**
 * Checks that a worker can bind these addresses. Retries for a second, in case a port is released.
 *
 * @throws PortInUseError when another program keeps a port
 * @throws StartError when an address cannot be bound for another reason
 */
export async function requireFreePorts(addresses: BoundAddress[]): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const error = await findBindError(addresses);
    if (!error) {
      return;
    }
    if (!(error instanceof PortInUseError) || attempt === bindAttempts) {
      throw error;
    }
    await sleep(bindPauseMs * attempt);
  }
}

async function findBindError(addresses: BoundAddress[]): Promise<StartError | undefined> {
  for (const { protocol, ip, port } of addresses) {
    const code = await tryBind(protocol, ip, port);
    if (code) {
      return explainBindFailure(code, { protocol, ip, port });
    }
  }
  return undefined;
}

/**
 * Binds an address and releases it. `::` is IPv6 only, as for the workers (`listenInfoOf`).
 *
 * @param ip - an address of this machine
 * @param port - 0: any
 * @returns the error code of bind(2) or listen(2), such as EADDRINUSE; undefined on success
 */
export async function tryBind(
  protocol: Endpoint['protocol'],
  ip: string,
  port: number,
): Promise<string | undefined> {
  try {
    if (protocol === 'udp') {
      const socket = createSocket({ type: isIPv6(ip) ? 'udp6' : 'udp4', ipv6Only: isIPv6(ip) });
      socket.bind({ address: ip, port, exclusive: true });
      await once(socket, 'listening');
      await new Promise<void>((resolve) => socket.close(resolve));
    } else {
      const server = createServer().listen({ host: ip, port, exclusive: true, ipv6Only: true });
      await once(server, 'listening');
      await new Promise((resolve) => server.close(resolve));
    }
    return undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error);
  }
}

/** @param code - the error code of bind(2) or listen(2) */
export function explainBindFailure(code: string, address: BoundAddress): StartError {
  const { protocol, ip, port } = address;
  if (code === 'EADDRINUSE') {
    return new PortInUseError(address);
  }
  return new StartError(
    `  MEDIASOUP_PORT=${port}: cannot listen at ${ip}, ${protocol.toUpperCase()} (${code}). ` +
      howToFixBind(code, port),
  );
}

function howToFixBind(code: string, port: number): string {
  switch (code) {
    case 'EACCES':
      return howToGetLowPort(port);
    case 'EADDRNOTAVAIL':
      // MEDIASOUP_LISTEN_IP was checked before, but not HTTP_HOST, which shared-port may listen at.
      return 'This machine does not have that address, or no longer (`ip address` lists those that it has).';
    default:
      return 'Choose another port.';
  }
}

/**
 * Explains why a worker cannot bind a port that the server could.
 *
 * @param error - the worker's
 * @returns the error to throw: `error` itself unless the worker lacks a privilege
 */
export function explainWorkerBind(error: unknown, port: number): unknown {
  // mediasoup passes libuv's text for EACCES, and no code.
  const isPermissionDenied = error instanceof Error && error.message.includes('permission denied');
  if (!isPermissionDenied) {
    return error;
  }
  return new StartError(
    `  MEDIASOUP_PORT=${port}: the server may listen there, its workers may not. ${howToGetLowPort(port)}`,
    { cause: error },
  );
}
