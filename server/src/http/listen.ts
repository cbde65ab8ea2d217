import { createServer as createHttpServer, type RequestListener, type Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { networkInterfaces } from 'node:os';
import { ConfigError } from '../config/start-error.ts';
import { howToHaveLowPort } from '../net/low-port.ts';
import type { KeyPair } from './tls.ts';

/**
 * What answers, listening to nothing yet.
 *
 * @param keyPair - undefined: plain HTTP
 * @param app - what answers
 */
export function createServer(keyPair: KeyPair | undefined, app: RequestListener): Server {
  return keyPair ? createHttpsServer(keyPair, app) : createHttpServer(app);
}

/**
 * Starts to serve.
 *
 * @param server - what answers
 * @param where - an address of this machine and a port of it
 * @param settings - what they are called, for whoever has to change them
 * @throws ConfigError when the port is taken or not allowed, or the address is not this machine's
 */
export async function listen(
  server: Server,
  { host, port }: Where,
  settings: Settings = { host: 'HTTP_HOST', port: 'HTTP_PORT' },
): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(explained(error, { host, port }, settings)),
    );
    server.listen(port, host, resolve);
  });
}

/**
 * The addresses to open in a browser.
 *
 * @param host - HTTP_HOST
 * @param port - as it was bound
 * @param secure - whether it is HTTPS
 */
export function pageUrls(host: string, port: number, secure: boolean): string[] {
  const anywhere = host === '0.0.0.0' || host === '::';
  const loopback = host === '127.0.0.1' || host === '::1';
  const outside = Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter(({ internal, family }) => !internal && family === 'IPv4')
    .map(({ address }) => address);
  const hosts = anywhere ? ['localhost', ...outside] : [loopback ? 'localhost' : host];
  return hosts.map((name) => {
    const literal = name.includes(':') ? `[${name}]` : name;
    // It leaves out a port that needs not be said.
    return new URL(`${secure ? 'https' : 'http'}://${literal}:${port}`).href;
  });
}

interface Where {
  host: string;
  port: number;
}

type Settings = Record<keyof Where, string>;

function explained(error: NodeJS.ErrnoException, { host, port }: Where, settings: Settings): Error {
  switch (error.code) {
    case 'EADDRINUSE':
      return new ConfigError(
        `  ${settings.port}=${port}: in use at ${host} (\`ss -lnpt 'sport = :${port}'\` says who has it). ` +
          'Stop that program or choose another port.',
      );
    case 'EACCES':
      return new ConfigError(
        `  ${settings.port}=${port}: can't listen at ${host} (EACCES). ${howToHaveLowPort(port)}`,
      );
    case 'EADDRNOTAVAIL':
      return new ConfigError(
        `  ${settings.host}=${host}: not an address of this machine (\`ip address\`).`,
      );
    default:
      return error;
  }
}
