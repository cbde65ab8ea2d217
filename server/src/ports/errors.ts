import { StartError } from '../config/start-error.ts';

/** Somebody else has a worker's port. */
export class PortInUseError extends StartError {
  override name = 'PortInUseError';

  /**
   * @param protocol - udp or tcp
   * @param ip - where it was to be bound
   * @param port - the worker's
   */
  constructor(protocol: string, ip: string, port: number) {
    super(
      `  Port ${port}, ${protocol.toUpperCase()}, at ${ip} is in use. Free it ` +
        `(\`ss -lnptu 'sport = :${port}'\` says who has it) or choose another with MEDIASOUP_PORT.`,
    );
  }
}

/** There is no port for another transport, or no place at the one port. */
export class NoPortError extends Error {
  override name = 'NoPortError';
}
