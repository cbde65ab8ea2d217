import type { types } from 'mediasoup';
import type { ListenAddress } from '../config/announced-addresses.ts';
import type { MediaConfig } from '../config/types.ts';
import { ufragPrefixOf } from './ice-ufrag.ts';
import { listenInfoOf } from './listen-addresses.ts';
import { describePorts, type TransportRecord } from './port-map.ts';
import { inspectWebRtcServer, mergeInspections, type WorkerInspection } from './port-stats.ts';
import {
  type Endpoint,
  type Inspection,
  NoPortError,
  type PortEntry,
  type Probe,
  type Transport,
  type TransportAppData,
  type TransportOptions,
  type TransportTimes,
  type WorkerPorts,
} from './types.ts';

/** mediasoup takes one or the other. */
type Listen = { webRtcServer: types.WebRtcServer } | { listenInfos: types.TransportListenInfo[] };

export interface BaseWorkerPortsOptions {
  worker: types.Worker;
  index: number;
  media: MediaConfig;
  addresses: ListenAddress[];
  /** Those that are open whether or not a transport uses them. */
  fixedEndpoints: Endpoint[];
  /** The one that all transports share, if they share one. */
  webRtcServer?: types.WebRtcServer;
  listen(options: TransportOptions): Promise<Listen> | Listen;
  /** The endpoint of one of mediasoup's candidates. */
  endpointOf(candidate: types.IceCandidate): Endpoint;
  /**
   * The tuple between an endpoint and the peer, given mediasoup's. They differ where the worker
   * listens behind the endpoint.
   */
  peerTuple?(tuple: types.TransportTuple): types.TransportTuple;
}

/** The common part of the port modes, which differ in where a transport listens. */
export class BaseWorkerPorts implements WorkerPorts {
  readonly #options: BaseWorkerPortsOptions;
  readonly #transports = new Map<Transport, TransportHistory>();
  readonly #pipes = new Set<types.PipeTransport>();

  constructor(options: BaseWorkerPortsOptions) {
    this.#options = options;
  }

  async createTransport(router: types.Router, options: TransportOptions): Promise<Transport> {
    const transport = await this.open(router, options);
    this.#transports.set(transport, new TransportHistory(transport));
    transport.observer.once('close', () => this.#transports.delete(transport));
    return transport;
  }

  async openProbe(router: types.Router): Promise<Probe> {
    const transport = await this.open(router, {
      protocols: ['udp', 'tcp'],
      enableSctp: false,
      appData: { roomId: 'probe', peerId: 'probe', direction: 'recv' },
    });
    return { transport, endpoints: transport.iceCandidates.map(this.#options.endpointOf) };
  }

  /** Opens a transport without adding it to the port map. @throws NoPortError */
  protected async open(router: types.Router, options: TransportOptions): Promise<Transport> {
    const { protocols, enableSctp, appData } = options;
    return await router
      .createWebRtcTransport<TransportAppData>({
        ...(await this.#options.listen(options)),
        enableUdp: protocols.includes('udp'),
        enableTcp: protocols.includes('tcp'),
        preferUdp: protocols[0] === 'udp',
        preferTcp: protocols[0] === 'tcp',
        enableSctp,
        // With mediasoup's default of 600 kbit/s, video is blurred in the first seconds of a call.
        initialAvailableOutgoingBitrate: 1_000_000,
        ...(this.#options.media.iceUfrag === 'room-and-peer' && {
          iceUsernameFragmentPrefix: ufragPrefixOf(appData),
        }),
        appData,
      })
      .catch((error) => {
        throw isOutOfPorts(error) ? this.#noPort() : error;
      });
  }

  restartIce(transport: Transport): Promise<types.IceParameters> {
    const history = this.#transports.get(transport);
    if (history) {
      history.previousUfrag = transport.iceParameters.usernameFragment;
    }
    return transport.restartIce();
  }

  candidates(transport: Transport): types.IceCandidate[] {
    return announceCandidates(transport.iceCandidates, this.#options.endpointOf);
  }

  plainListenInfo(): types.TransportListenInfo {
    const [address] = this.#options.addresses;
    if (!address) {
      throw new TypeError('no address to listen on');
    }
    return { protocol: 'udp', ...listenInfoOf(address), portRange: this.#portRange() };
  }

  async createPipeTransport(router: types.Router): Promise<types.PipeTransport> {
    const pipe = await router
      .createPipeTransport({
        listenInfo: { protocol: 'udp', ip: '127.0.0.1', portRange: this.#portRange() },
        // Packets get lost on loopback too, when the receive buffer of a socket is full.
        enableRtx: true,
      })
      .catch((error) => {
        throw isOutOfPorts(error) ? this.#noPort() : error;
      });
    this.#pipes.add(pipe);
    pipe.observer.once('close', () => this.#pipes.delete(pipe));
    return pipe;
  }

  /** Asks the worker for its counters. @returns undefined in a mode without a WebRtcServer */
  async inspect(): Promise<WorkerInspection | undefined> {
    const { index, fixedEndpoints, webRtcServer, peerTuple = identity } = this.#options;
    const portOf = (wanted: types.TransportProtocol) =>
      fixedEndpoints.find(({ protocol }) => protocol === wanted)?.port;
    return webRtcServer && (await inspectWebRtcServer(webRtcServer, { index, portOf, peerTuple }));
  }

  describe(): PortEntry[] {
    const { worker, index, fixedEndpoints, endpointOf, peerTuple = identity } = this.#options;
    const entries = describePorts({
      worker: { index, pid: worker.pid },
      fixedEndpoints,
      transports: this.#transports,
      endpointOf,
      peerTuple,
    });
    const pipes = Array.from(this.#pipes, ({ tuple: { localAddress: ip, localPort: port } }) => ({
      workerIndex: index,
      workerPid: worker.pid,
      protocol: 'udp' as const,
      ip,
      port,
      announced: [{ address: ip, port }] satisfies PortEntry['announced'],
      transports: [],
    }));
    return [...entries, ...pipes];
  }

  #portRange(): types.TransportPortRange {
    const { media, index } = this.#options;
    return portRangeOf(media, media.numWorkers, index);
  }

  #noPort(): NoPortError {
    const { min, max } = this.#portRange();
    const { index } = this.#options;
    return new NoPortError(`no media port is free (worker ${index} has ${min} to ${max})`);
  }
}

/** The ports of the workers that are alive. */
export class AttachedWorkers<T extends BaseWorkerPorts> {
  readonly #byIndex = new Map<number, T>();

  /** Adds a worker's ports until the worker dies. */
  add(worker: types.Worker, index: number, ports: T): void {
    this.#byIndex.set(index, ports);
    worker.observer.once('close', () => {
      // A respawned worker may have taken the index before.
      if (this.#byIndex.get(index) === ports) {
        this.#byIndex.delete(index);
      }
    });
  }

  get(index: number): T | undefined {
    return this.#byIndex.get(index);
  }

  /** The port map's entries, by worker index. */
  describe(): PortEntry[] {
    return [...this.#byIndex].sort(([a], [b]) => a - b).flatMap(([, ports]) => ports.describe());
  }

  /** Inspects all workers at once; one that dies meanwhile is left out. */
  async inspect(): Promise<Inspection> {
    const workers = [...this.#byIndex.values()];
    const results = await Promise.allSettled(workers.map((worker) => worker.inspect()));
    return mergeInspections(
      results.flatMap((result) =>
        result.status === 'fulfilled' && result.value ? [result.value] : [],
      ),
    );
  }

  clear(): void {
    this.#byIndex.clear();
  }
}

class TransportHistory implements TransportRecord {
  readonly times: TransportTimes;
  previousUfrag: string | undefined;

  /** @param transport - created just now */
  constructor(transport: Transport) {
    this.times = { opened: Date.now(), stun: undefined, tuple: undefined, dtls: undefined };
    transport.observer.on('iceselectedtuplechange', () => {
      this.times.tuple = Date.now();
      this.times.stun ??= this.times.tuple;
    });
    transport.observer.on('dtlsstatechange', (state) => {
      if (state === 'connected') {
        this.times.dtls ??= Date.now();
      }
    });
  }
}

/**
 * The part of MEDIASOUP_MIN_PORT..MEDIASOUP_MAX_PORT that one worker uses. Workers do not know each
 * other's ports, so the parts do not overlap. The last worker also gets the remainder of the division.
 *
 * @param range - both ends included
 * @param index - the worker's index, from 0
 */
export function portRangeOf(
  range: { minPort: number; maxPort: number },
  numWorkers: number,
  index: number,
): types.TransportPortRange {
  const size = Math.floor((range.maxPort - range.minPort + 1) / numWorkers);
  const min = range.minPort + index * size;
  return { min, max: index === numWorkers - 1 ? range.maxPort : min + size - 1 };
}

/** One less in a candidate's local preference, for a host candidate of component 1 (RFC 8445, 5.1.2.1). */
const preferenceStep = 2 ** 8;

/**
 * Replaces mediasoup's candidates by one for each announced address.
 *
 * @param candidates - mediasoup's: one for each protocol and listening address
 * @param endpointOf - the endpoint of such a candidate
 * @returns in mediasoup's order. Further addresses follow the first, each one step less preferred;
 *   mediasoup's own candidates are 100 steps apart
 */
export function announceCandidates(
  candidates: types.IceCandidate[],
  endpointOf: (candidate: types.IceCandidate) => Endpoint,
): types.IceCandidate[] {
  const announced = candidates.flatMap((candidate) =>
    endpointOf(candidate).announced.map(({ address, port }, i) => ({
      ...candidate,
      address,
      ip: address,
      port,
      priority: candidate.priority - i * preferenceStep,
    })),
  );
  // Each address needs a foundation of its own (RFC 8445, 5.1.1.3). mediasoup has one for each protocol,
  // and a browser that follows 6.1.2.6, as Firefox does, checks only the first pair of a foundation at once.
  const addresses = [...new Set(announced.map(({ address }) => address))];
  return announced.map((candidate) => ({
    ...candidate,
    foundation: `${candidate.foundation}${addresses.indexOf(candidate.address)}`,
  }));
}

function identity<T>(value: T): T {
  return value;
}

/** mediasoup's error has no code, only this text (PortManager.cpp). */
function isOutOfPorts(error: unknown): boolean {
  return error instanceof Error && /no more available ports/i.test(error.message);
}
