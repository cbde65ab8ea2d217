import type { types } from 'mediasoup';
import type { ListenAddress } from '../../config/announced-addresses.ts';
import type { MediaConfig } from '../../config/types.ts';
import { endpointAt, findEndpoint } from '../port-map.ts';
import type { Transport, TransportOptions } from '../types.ts';
import { BaseWorkerPorts } from '../worker-ports.ts';
import type { SteeredTransport } from './steering/steered-transport.ts';
import type { Steering } from './steering/steering.ts';
import type { TcpDemultiplexer } from './tcp/tcp-demultiplexer.ts';

export interface SharedWorkerPortsOptions {
  worker: types.Worker;
  index: number;
  media: MediaConfig;
  addresses: ListenAddress[];
  webRtcServer: types.WebRtcServer;
  /** The worker's TCP ports at 127.0.0.1, one for each of the addresses. */
  tcpPorts: number[];
  steering: Steering;
  tcpDemultiplexer: TcpDemultiplexer;
}

/** One worker on the shared port. Steers to each new transport before a client learns of it. */
export class SharedWorkerPorts extends BaseWorkerPorts {
  readonly #options: SharedWorkerPortsOptions;
  readonly #steered = new WeakMap<Transport, SteeredTransport>();

  constructor(options: SharedWorkerPortsOptions) {
    const { worker, index, media, addresses, webRtcServer, tcpPorts, tcpDemultiplexer } = options;
    const { port, announcedPort = port } = media;
    const udp = addresses.map((address) =>
      endpointAt(address, { protocol: 'udp', port, announcedPort }),
    );
    const tcp = addresses.map((address) =>
      endpointAt(address, { protocol: 'tcp', port, announcedPort }),
    );
    super({
      worker,
      index,
      media,
      addresses,
      fixedEndpoints: [...udp, ...tcp],
      webRtcServer,
      listen: () => ({ webRtcServer }),
      endpointOf: (candidate) =>
        candidate.protocol === 'udp'
          ? findEndpoint(udp, candidate)
          : (tcp[tcpPorts.indexOf(candidate.port)] ?? findEndpoint(tcp, candidate)),
      peerTuple: (tuple) => {
        if (tuple.protocol === 'udp') {
          return tuple;
        }
        // For the worker, the remote end is the TCP demultiplexer.
        const ip = addresses[tcpPorts.indexOf(tuple.localPort)]?.ip ?? tuple.localAddress;
        const { address, port: remotePort } =
          tcpDemultiplexer.remoteOf(tuple.localPort, tuple.remotePort ?? 0) ?? {};
        return {
          ...tuple,
          localIp: ip,
          localAddress: ip,
          localPort: port,
          remoteIp: address,
          remotePort,
        };
      },
    });
    this.#options = options;
  }

  protected override async open(
    router: types.Router,
    options: TransportOptions,
  ): Promise<Transport> {
    const { steering, index } = this.#options;
    const transport = await super.open(router, options);
    let steered: SteeredTransport;
    try {
      steered = steering.addTransport(index, transport.iceParameters.usernameFragment);
    } catch (error) {
      transport.close();
      throw error;
    }
    this.#steered.set(transport, steered);
    transport.observer.once('close', () => steered.close());
    transport.observer.on('iceselectedtuplechange', (tuple) => {
      if (tuple.protocol !== 'udp' || !tuple.remoteIp || !tuple.remotePort) {
        return;
      }
      const group = steering.groups.find(({ ip }) => ip === tuple.localAddress);
      if (group) {
        steered.verifyTuple(group, { address: tuple.remoteIp, port: tuple.remotePort });
      }
    });
    transport.observer.on('icestatechange', (state) => {
      if (state === 'disconnected') {
        steered.dropTuples();
      }
    });
    // The transport may have been closed before the listener was added.
    if (transport.closed) {
      steered.close();
    }
    return transport;
  }

  override async restartIce(transport: Transport): Promise<types.IceParameters> {
    const parameters = await super.restartIce(transport);
    this.#steered.get(transport)?.addUfrag(parameters.usernameFragment);
    return parameters;
  }

  /**
   * The address at which the TCP demultiplexer reaches the worker.
   *
   * @param ip - the listening address at which a connection was accepted
   */
  tcpListenerOf(ip: string): { host: string; port: number } | undefined {
    const { addresses, tcpPorts } = this.#options;
    const port = tcpPorts[addresses.findIndex((address) => address.ip === ip)];
    return port === undefined ? undefined : { host: '127.0.0.1', port };
  }
}
