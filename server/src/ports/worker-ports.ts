import type { types } from 'mediasoup';
import type { ListenAddress } from '../config/announced-addresses.ts';
import type { MediaConfig } from '../config/config.ts';
import { candidatesFor } from './candidates.ts';
import { NoPortError } from './errors.ts';
import { ufragPrefixOf } from './ice-ufrag.ts';
import { listenInfoOf } from './listen-addresses.ts';
import type { Probe, Transport, TransportAppData, Want, WorkerPorts } from './media-ports.ts';
import { describePorts, type Listening, type PortEntry } from './port-map.ts';
import { portRangeOf } from './port-range.ts';
import { inspectWebRtcServer, type WorkerInspection } from './port-stats.ts';
import { TransportHistory } from './transport-history.ts';

/** Where a transport listens: mediasoup takes one or the other. */
type Listen = { webRtcServer: types.WebRtcServer } | { listenInfos: types.TransportListenInfo[] };

export interface WorkerPortsOptions {
  worker: types.Worker;
  index: number;
  media: MediaConfig;
  addresses: ListenAddress[];
  /** Ports that are open whether or not a transport uses them. */
  standing: Listening[];
  /** The one that all transports have in common, if they do. */
  webRtcServer?: types.WebRtcServer;
  /** Where a transport listens. */
  listen(want: Want): Listen;
  /** Where a candidate of mediasoup's is received, and what peers are told in its stead. */
  listeningOf(candidate: types.IceCandidate): Listening;
  /** A tuple as it is at the ports that peers reach, where the worker listens behind those. */
  tupleOf?(tuple: types.TransportTuple): types.TransportTuple;
}

/** What the port modes have in common: they differ in where a transport listens. */
export class CommonWorkerPorts implements WorkerPorts {
  readonly #options: WorkerPortsOptions;
  readonly #transports = new Map<Transport, TransportHistory>();

  constructor(options: WorkerPortsOptions) {
    this.#options = options;
  }

  async createTransport(router: types.Router, want: Want): Promise<Transport> {
    const transport = await this.open(router, want);
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
    const { listeningOf } = this.#options;
    return { transport, listening: transport.iceCandidates.map(listeningOf) };
  }

  /** Opens a transport, which isn't in the port map yet. @throws NoPortError when the worker's range is used up */
  protected async open(router: types.Router, want: Want): Promise<Transport> {
    return await router
      .createWebRtcTransport<TransportAppData>({
        ...this.#options.listen(want),
        enableUdp: want.protocols.includes('udp'),
        enableTcp: want.protocols.includes('tcp'),
        preferUdp: want.protocols[0] === 'udp',
        preferTcp: want.protocols[0] === 'tcp',
        enableSctp: want.enableSctp,
        // mediasoup's default of 600 kbit/s makes the first seconds of a call blurred.
        initialAvailableOutgoingBitrate: 1_000_000,
        ...(this.#options.media.iceUfrag === 'room-and-peer' && {
          iceUsernameFragmentPrefix: ufragPrefixOf(want.appData),
        }),
        appData: want.appData,
      })
      .catch((error) => {
        throw isOutOfPorts(error) ? this.#noPort() : error;
      });
  }

  restartIce(transport: Transport): Promise<types.IceParameters> {
    this.#transports.get(transport)?.restarts(transport.iceParameters.usernameFragment);
    return transport.restartIce();
  }

  candidates(transport: Transport): types.IceCandidate[] {
    return candidatesFor(transport.iceCandidates, this.#options.listeningOf);
  }

  plainListenInfo(): types.TransportListenInfo {
    const { media, index, addresses } = this.#options;
    return {
      protocol: 'udp',
      ...listenInfoOf(firstOf(addresses)),
      portRange: portRangeOf(media, media.numWorkers, index),
    };
  }

  pipeListenInfo(): types.TransportListenInfo {
    const { media, index } = this.#options;
    // Workers of one host talk to each other: nobody else need reach these.
    return {
      protocol: 'udp',
      ip: '127.0.0.1',
      portRange: portRangeOf(media, media.numWorkers, index),
    };
  }

  #noPort(): NoPortError {
    const { media, index } = this.#options;
    const { min, max } = portRangeOf(media, media.numWorkers, index);
    return new NoPortError(`no media port is free (worker ${index} has ${min} to ${max})`);
  }

  /** What the worker says that it has received, from whom; undefined: it has no port but its transports'. */
  async inspect(): Promise<WorkerInspection | undefined> {
    const { index, standing, webRtcServer, tupleOf = asItIs } = this.#options;
    const portOf = (wanted: types.TransportProtocol) =>
      standing.find(({ protocol }) => protocol === wanted)?.port;
    return webRtcServer && (await inspectWebRtcServer(webRtcServer, { index, portOf, tupleOf }));
  }

  describe(): PortEntry[] {
    const { worker, index, standing, listeningOf, tupleOf = asItIs } = this.#options;
    return describePorts({
      worker: { index, pid: worker.pid },
      standing,
      transports: this.#transports,
      listeningOf,
      tupleOf,
    });
  }
}

function asItIs(tuple: types.TransportTuple): types.TransportTuple {
  return tuple;
}

/** mediasoup knows only its text (PortManager.cpp). */
function isOutOfPorts(error: unknown): boolean {
  return error instanceof Error && /no more available ports/i.test(error.message);
}

function firstOf(addresses: ListenAddress[]): ListenAddress {
  const [first] = addresses;
  if (!first) {
    throw new TypeError('no address to listen on');
  }
  return first;
}
