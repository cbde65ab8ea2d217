import { createServer, type Server } from 'node:net';
import { networkInterfaces } from 'node:os';
import { ConfigError } from '../config/start-error.ts';
import { hostAndPort, isWildcard } from '../net/ip.ts';
import { howToGetLowPort } from '../net/low-port.ts';

const pageSettings = { host: 'HTTP_HOST', port: 'HTTP_PORT' };
export const metricsSettings = { host: 'METRICS_HOST', port: 'METRICS_PORT' };

/**
 * Makes a server listen.
 *
 * @param settings - the names of the settings, for messages
 * @throws ConfigError when the port is taken or not permitted, or the address is not of this machine
 */
export async function listen(
  server: Server,
  { host, port }: ListenOptions,
  settings: SettingNames = pageSettings,
): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(toConfigError(error, { host, port }, settings)),
    );
    server.listen(port, host, resolve);
  });
  // accept(2) may fail later, for lack of memory for example. Without a listener, that would end the process.
  server.on('error', () => undefined);
}

/**
 * Checks that a server can listen, without waiting for the parts of it that take long to start.
 *
 * @throws ConfigError as listen() does
 */
export async function requireFreePort(
  options: ListenOptions,
  settings?: SettingNames,
): Promise<void> {
  const server = createServer();
  await listen(server, options, settings);
  await new Promise((resolve) => server.close(resolve));
}

/** @returns the URLs to open in a browser, the best first */
export function pageUrls(host: string, port: number, secure: boolean): string[] {
  const loopback = host === '127.0.0.1' || host === '::1';
  const outside = Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter(({ internal, family }) => !internal && family === 'IPv4')
    .map(({ address }) => address);
  const hosts = isWildcard(host) ? ['localhost', ...outside] : [loopback ? 'localhost' : host];
  // URL leaves out a default port.
  return hosts.map(
    (name) => new URL(`${secure ? 'https' : 'http'}://${hostAndPort(name, port)}`).href,
  );
}

export interface ListenOptions {
  host: string;
  port: number;
}

type SettingNames = Record<keyof ListenOptions, string>;

function toConfigError(
  error: NodeJS.ErrnoException,
  { host, port }: ListenOptions,
  settings: SettingNames,
): Error {
  switch (error.code) {
    case 'EADDRINUSE':
      return new ConfigError(
        `  ${settings.port}=${port}: in use at ${host}. Stop the program that uses it ` +
          `(\`ss -lnpt 'sport = :${port}'\` shows it) or choose another port.`,
      );
    case 'EACCES':
      return new ConfigError(
        `  ${settings.port}=${port}: can't listen at ${host} (EACCES). ${howToGetLowPort(port)}`,
      );
    case 'EADDRNOTAVAIL':
      return new ConfigError(
        `  ${settings.host}=${host}: not an address of this machine. \`ip address\` lists them.`,
      );
    default:
      return error;
  }
}
