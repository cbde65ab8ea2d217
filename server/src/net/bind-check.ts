import { setTimeout as sleep } from 'node:timers/promises';
import type { types } from 'mediasoup';
import { StartError } from '../config/start-error.ts';
import { PortInUseError } from '../ports/errors.ts';
import { howToHaveLowPort } from './low-port.ts';
import { tryBind } from './try-bind.ts';

/** The default port lies among those that the kernel gives to outgoing connections, for a while. */
const bindAttempts = 5;
const bindPauseMs = 200;

interface Place {
  protocol: types.TransportProtocol;
  ip: string;
  port: number;
}

/**
 * Waits a little for somebody who lets a port go.
 *
 * @param places - where a worker is about to listen
 * @throws PortInUseError when somebody has it for good
 * @throws StartError when it can't be had for another reason
 */
export async function mustBeFree(places: Place[]): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const obstacle = await obstacleTo(places);
    if (!obstacle) {
      return;
    }
    if (!(obstacle instanceof PortInUseError) || attempt === bindAttempts) {
      throw obstacle;
    }
    await sleep(bindPauseMs * attempt);
  }
}

async function obstacleTo(places: Place[]): Promise<StartError | undefined> {
  for (const { protocol, ip, port } of places) {
    const code = await tryBind(protocol, ip, port);
    if (code) {
      return explainBindFailure(code, { protocol, ip, port });
    }
  }
  return undefined;
}

/**
 * @param code - of bind(2)'s or listen(2)'s error
 * @param place - what could not be bound
 */
export function explainBindFailure(code: string, { protocol, ip, port }: Place): StartError {
  if (code === 'EADDRINUSE') {
    return new PortInUseError(protocol, ip, port);
  }
  return new StartError(
    `  MEDIASOUP_PORT=${port}: can't listen at ${ip}, ${protocol.toUpperCase()} (${code}). ` +
      whatToDo(code, port),
  );
}

/**
 * @param error - of a worker that was told to listen where its server may
 * @param port - where
 * @returns the error to throw: as it came, where it is not that the worker lacks a right
 */
export function explainWorkerBind(error: unknown, port: number): unknown {
  // mediasoup has no codes, only libuv's text for EACCES.
  const isRefusal = error instanceof Error && error.message.includes('permission denied');
  if (!isRefusal) {
    return error;
  }
  return new StartError(
    `  MEDIASOUP_PORT=${port}: the server may listen there, its workers may not. ${howToHaveLowPort(port)}`,
    { cause: error },
  );
}

function whatToDo(code: string, port: number): string {
  switch (code) {
    case 'EACCES':
      return howToHaveLowPort(port);
    case 'EADDRNOTAVAIL':
      // MEDIASOUP_LISTEN_IP has been tried before.
      return 'HTTP_HOST must be an address of this machine (`ip address` lists them).';
    default:
      return 'Choose another port.';
  }
}
