import { type Family, loopback } from './address.ts';
import { constants } from './constants.ts';
import { CallError } from './libc.ts';
import { applySetting, type Setting } from './settings.ts';
import { type Kind, Socket } from './socket.ts';

export type Open = (kind: Kind, family: Family, setting?: Setting) => Socket;

/**
 * Does work with sockets that are closed when it is done, however it ends. IPv6 sockets take no IPv4, unless the
 * work says otherwise.
 */
export async function withSockets<T>(work: (open: Open) => T | Promise<T>): Promise<T> {
  const opened = new Set<Socket>();

  try {
    return await work((kind, family, setting = 'none') => {
      const socket = new Socket(kind, family);

      opened.add(socket);
      if (family === 'IPv6') {
        socket.set(constants.IPPROTO_IPV6, constants.IPV6_V6ONLY, 1);
      }
      applySetting(socket, setting);

      return socket;
    });
  } finally {
    for (const socket of opened) {
      socket.close();
    }
  }
}

/** @returns A port that no socket has at this loopback address, neither UDP's nor TCP's. */
export async function freePort(family: Family): Promise<number> {
  for (let attempt = 0; attempt < 50; attempt++) {
    const port = await withSockets((open) => {
      const udp = open('UDP', family);

      udp.bind(loopback[family], 0);

      const free = udp.port();
      const tcp = open('TCP', family);

      return attemptCalls(() => tcp.bind(loopback[family], free)) === undefined ? free : undefined;
    });

    if (port !== undefined) {
      return port;
    }
  }
  throw new Error(`no port is free at ${loopback[family]}`);
}

/** @returns Why this family can't be used here, in a sentence without its full stop. */
export function cannotUse(family: Family): Promise<string | undefined> {
  return withSockets((open) => {
    const error = attemptCalls(() => open('UDP', family).bind(loopback[family], 0));

    return error && `${family} is not to be had: ${error} at ${loopback[family]}`;
  });
}

/** @returns The name of the error that the calls ended with, such as EADDRINUSE; undefined when all went well. */
export function attemptCalls(calls: () => void): string | undefined {
  try {
    calls();

    return undefined;
  } catch (error) {
    if (error instanceof CallError) {
      return error.code;
    }
    throw error;
  }
}
