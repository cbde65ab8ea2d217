/**
 * Where media is received: one interface, an implementation for each port mode, and the one place
 * that picks. Nothing else asks which mode is on.
 */
import type { Socket } from 'node:net';
import type { types } from 'mediasoup';
import type { Config } from '../config/config.ts';
import type { Logger } from '../telemetry/log.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import { resolveListenAddresses } from './listen-addresses.ts';
import { lowPortWarning } from './low-port-warning.ts';
import { MultiPort } from './multi-port.ts';
import type { Listening, PortMap } from './port-map.ts';
import type { Inspection } from './port-stats.ts';
import { SinglePort } from './single-port.ts';

export type PortMode = 'multi-port' | 'single-port' | 'shared-port';

/** Whose transport it is, for the port map. */
export type TransportAppData = {
  roomId: string;
  peerId: string;
  direction: 'send' | 'recv';
};

export type Transport = types.WebRtcTransport<TransportAppData>;

export interface Want {
  /** In order of preference. Only these are opened. */
  protocols: types.TransportProtocol[];
  /** Whether data channels are wanted. */
  enableSctp: boolean;
  appData: TransportAppData;
}

export interface Probe {
  transport: Transport;
  listening: Listening[];
}

export interface MediaPorts {
  /** For people to read (logs, /api/ports, the app's badge): nothing may branch on it. */
  readonly mode: PortMode;
  /**
   * Called at each spawn and respawn of a worker.
   *
   * @param index - the worker's place, from 0: a respawned one takes the place of the dead
   * @throws PortInUseError when somebody else has the worker's port
   */
  attach(worker: types.Worker, index: number): Promise<WorkerPorts>;
  /**
   * Where HTTP may come through the media port (`config.http.sharesMediaPort`).
   *
   * @param accept - takes a connection whose first bytes are HTTP's or TLS's; they are still to be read.
   *   undefined: from now on such connections are closed
   */
  acceptHttp?(accept: ((socket: Socket) => void) | undefined): void;
  /** What listens where, and for whom. Asks no worker. */
  snapshot(): Promise<PortMap>;
  /**
   * What came to the ports and from whom, asking each worker once: with thousands of transports that
   * takes milliseconds of its time. A worker that dies meanwhile is left out.
   */
  inspect(): Promise<Inspection>;
  close(): Promise<void>;
}

/** A worker's ports. They own a transport's birth, ICE restart and death. */
export interface WorkerPorts {
  /** @throws NoPortError when the worker's range is used up */
  createTransport(router: types.Router, want: Want): Promise<Transport>;
  restartIce(transport: Transport): Promise<types.IceParameters>;
  /**
   * A transport to see by whether the ports answer. It is no peer's: the port map leaves it out.
   *
   * @returns it and where the kernel listens for it, by every protocol; closed with its router
   * @throws NoPortError when the worker's range is used up
   */
  openProbe(router: types.Router): Promise<Probe>;
  /** What clients are told. */
  candidates(transport: Transport): types.IceCandidate[];
  /** For PlainTransports, which need ports of their own in every mode. */
  plainListenInfo(): types.TransportListenInfo;
  /** For PipeTransports, likewise. */
  pipeListenInfo(): types.TransportListenInfo;
}

/**
 * Makes what the configuration asks for.
 *
 * @param config - the settings
 * @param log - where to warn about ports that may be gone at a restart
 * @param telemetry - who hears of connections over the limit
 * @throws StartError when the mode can't be had here
 */
export async function createMediaPorts(
  config: Config,
  log: Logger,
  telemetry: Telemetry,
): Promise<MediaPorts> {
  const { media } = config;
  const addresses = await resolveListenAddresses(media);
  const warning =
    config.portMode !== 'multi-port' &&
    lowPortWarning(addresses, media.announcedPort ?? media.port);
  if (warning) {
    log.warn(warning);
  }
  switch (config.portMode) {
    case 'multi-port':
      return new MultiPort(media, addresses);
    case 'single-port':
      return new SinglePort(media, addresses, log);
    case 'shared-port': {
      // The others run where there is no koffi too.
      const { SharedPort } = await import('./shared-port/shared-port.ts');
      return new SharedPort(config, addresses, log, telemetry);
    }
  }
}
