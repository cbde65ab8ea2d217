/**
 * The interface of the port modes (`MediaPorts`, `WorkerPorts`) and of their reports. `create.ts` chooses the
 * implementation. Code outside `config/` and `ports/` uses these types only and doesn't branch on the mode.
 */
import type { Socket } from 'node:net';
import { closeCodes, type PortMode } from '@oneport/protocol';
import type { types } from 'mediasoup';
import { AdmissionError } from '../access/admission-error.ts';

export type TransportAppData = {
  roomId: string;
  peerId: string;
  direction: 'send' | 'recv';
};

export type Transport = types.WebRtcTransport<TransportAppData>;

export interface TransportOptions {
  /** In order of preference. Only these are opened. */
  protocols: types.TransportProtocol[];
  enableSctp: boolean;
  appData: TransportAppData;
}

interface AnnouncedAddress {
  /** An IP address or a hostname. */
  address: string;
  port: number;
}

/** A bound address, and the addresses that peers are given for it: they differ behind NAT. */
export interface Endpoint {
  protocol: types.TransportProtocol;
  ip: string;
  port: number;
  /** In order of preference. */
  announced: [AnnouncedAddress, ...AnnouncedAddress[]];
}

export interface Probe {
  transport: Transport;
  /** One for each protocol and listening address. */
  endpoints: Endpoint[];
}

export type AcceptHttp = (socket: Socket, kind: 'http' | 'tls') => void;

export interface MediaPorts {
  /** For people to read (logs, /api/ports, the app's badge). No code may branch on it. */
  readonly mode: PortMode;
  /**
   * Called each time a worker is spawned or respawned.
   *
   * @param index - the worker's index, from 0. A respawned worker has the index of the one that died
   * @throws PortInUseError when another program has bound the worker's port
   */
  attach(worker: types.Worker, index: number): Promise<WorkerPorts>;
  /**
   * Serves HTTP on the media port (`config.http.sharesMediaPort`).
   *
   * @param accept - takes a connection by its kind; its first bytes are still unread.
   *   undefined: such connections are closed from now on
   */
  acceptHttp?(accept: AcceptHttp | undefined): void;
  /** Lists the endpoints and their transports. Makes no request to a worker. */
  snapshot(): Promise<PortMap>;
  /**
   * Makes one request to each worker, which takes it milliseconds when it has thousands of transports.
   * A worker that dies meanwhile is left out.
   */
  inspect(): Promise<Inspection>;
  close(): Promise<void>;
}

/** The ports of one worker. Creates transports and restarts their ICE. */
export interface WorkerPorts {
  /** @throws NoPortError when the worker's port range or the steering tables are full */
  createTransport(router: types.Router, options: TransportOptions): Promise<Transport>;
  restartIce(transport: Transport): Promise<types.IceParameters>;
  /**
   * Opens a transport that health checks send STUN requests to. The port map leaves it out.
   *
   * @returns the transport, which is closed with its router, and where it is bound by every protocol
   * @throws NoPortError as for createTransport()
   */
  openProbe(router: types.Router): Promise<Probe>;
  /** The candidates to send to the client. */
  candidates(transport: Transport): types.IceCandidate[];
  /** For PlainTransports, which need ports of their own in every mode. Not used by oneport's own rooms so far. */
  plainListenInfo(): types.TransportListenInfo;
  /**
   * Opens one end of a pipe to a router of another worker of this host, on a port of its own in every mode.
   *
   * @throws NoPortError when the worker's port range is full
   */
  createPipeTransport(router: types.Router): Promise<types.PipeTransport>;
}

/** No port is left for another transport, or no entry in the shared port's tables. */
export class NoPortError extends AdmissionError {
  override name = 'NoPortError';

  constructor(reason: string) {
    super(closeCodes.tooMany, reason, { limit: 'media_ports' });
  }
}

/** A snapshot: port -> ufrag -> client address -> transport -> peer -> room. */
export interface PortMap {
  mode: PortMode;
  /** Explains to people why there are as many ports as there are. */
  why: string;
  ports: PortEntry[];
}

export interface PortEntry extends Endpoint {
  workerIndex: number;
  workerPid: number;
  /** None at the port of a pipe to another worker. */
  transports: TransportEntry[];
}

export interface TransportEntry {
  transportId: string;
  roomId: string;
  peerId: string;
  direction: 'send' | 'recv';
  /** The server's ICE username fragment, which identifies a client's first STUN request. */
  ufrag: string;
  /** After an ICE restart, still valid until the first request with the new one. */
  previousUfrag: string | undefined;
  iceState: types.IceState;
  times: TransportTimes;
  /** The client's address, if ICE has selected this port. Packets without a ufrag are matched by it. */
  remote?: { address: string; port: number };
}

/** When each event first happened, in milliseconds since 1970. undefined: not yet. */
export interface TransportTimes {
  opened: number;
  /** A STUN request with the right ufrag and password was received. */
  stun: number | undefined;
  /** ICE selected the present tuple. */
  tuple: number | undefined;
  /** The DTLS handshake was completed. */
  dtls: number | undefined;
}

/** Counters of one receiver at a port, since it was started. */
export interface PortCounts {
  protocol: types.TransportProtocol;
  port: number;
  /** A worker's WebRtcServer, the eBPF program of shared-port, or its TCP demultiplexer. */
  by: 'worker' | 'kernel' | 'tcp-demultiplexer';
  workerIndex?: number;
  handled: Record<string, number>;
  dropped: Record<string, number>;
}

/** A remote address that a worker maps to a transport. A transport may have several; ICE selects one. */
export interface KnownTuple {
  transportId: string;
  protocol: types.TransportProtocol;
  port: number;
  remote: { address: string; port: number };
}

export interface Inspection {
  /** Whether the workers report counters. `not-counted`: in this mode they have none. */
  counted: 'counted' | 'needs-patched-worker' | 'not-counted';
  ports: PortCounts[];
  tuples: KnownTuple[];
}
