import type { types } from 'mediasoup';
import type { ListenAddress } from '../../config/announced-addresses.ts';
import type { MediaConfig } from '../../config/types.ts';
import { endpointAt, findEndpoint } from '../port-map.ts';
import type { Transport, TransportOptions } from '../types.ts';
import { BaseWorkerPorts } from '../worker-ports.ts';
import type { SteeredTransport } from './steering/steered-transport.ts';
import type { Steering } from './steering/steering.ts';
import type { TcpFront } from './tcp/tcp-demultiplexer.ts';

export interface SharedWorkerPortsOptions {
  worker: types.Worker;
  /** Its slot too. */
  index: number;
  media: MediaConfig;
  addresses: ListenAddress[];
  webRtcServer: types.WebRtcServer;
  /** Where it listens at 127.0.0.1, for each of the addresses. */
  tcpPorts: number[];
  steering: Steering;
  front: TcpFront;
}

/** A worker's share of the port: tells the kernel of each transport before anybody else hears of it. */
export class SharedWorkerPorts extends BaseWorkerPorts {
  readonly #options: SharedWorkerPortsOptions;
  readonly #steered = new WeakMap<Transport, SteeredTransport>();

  constructor(options: SharedWorkerPortsOptions) {
    const { worker, index, media, addresses, webRtcServer, tcpPorts, front } = options;
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
      // The worker sees the front's connection; meant is the peer's.
      peerTuple: (tuple) => {
        if (tuple.protocol === 'udp') {
          return tuple;
        }
        const ip = addresses[tcpPorts.indexOf(tuple.localPort)]?.ip ?? tuple.localAddress;
        const { address, port: remotePort } =
          front.remoteOf(tuple.localPort, tuple.remotePort ?? 0) ?? {};
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
    const { steering, index, addresses } = this.#options;
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
      const group = steering.groups[addresses.findIndex(({ ip }) => ip === tuple.localAddress)];
      if (group) {
        steered.own(group, { address: tuple.remoteIp, port: tuple.remotePort });
      }
    });
    transport.observer.on('icestatechange', (state) => {
      if (state === 'disconnected') {
        steered.disown();
      }
    });
    // It may have been closed before we could listen.
    if (transport.closed) {
      steered.close();
    }
    return transport;
  }

  override async restartIce(transport: Transport): Promise<types.IceParameters> {
    const parameters = await super.restartIce(transport);
    this.#steered.get(transport)?.restart(parameters.usernameFragment);
    return parameters;
  }

  /**
   * Where the front finds the worker.
   *
   * @param ip - which of the listening addresses a connection came to
   */
  tcpListenerOf(ip: string): { host: string; port: number } | undefined {
    const { addresses, tcpPorts } = this.#options;
    const port = tcpPorts[addresses.findIndex((address) => address.ip === ip)];
    return port === undefined ? undefined : { host: '127.0.0.1', port };
  }
}
