/** A WebRtcServer for each worker, all of them on one port: docs/shared-port.md. */
import type { types } from 'mediasoup';
import type { ListenAddress } from '../../config/announced-addresses.ts';
import type { LimitName } from '../../config/limits.ts';
import type { Config, MediaConfig } from '../../config/types.ts';
import { ephemeralPortWarning } from '../../net/ephemeral-ports.ts';
import type { Logger } from '../../telemetry/log.ts';
import type { Telemetry } from '../../telemetry/telemetry.ts';
import { explainWorkerBind, requireFreePorts } from '../bind-check.ts';
import { listenInfoOf, presentAddresses } from '../listen-addresses.ts';
import type {
  AcceptHttp,
  Inspection,
  MediaPorts,
  PortCounts,
  PortMap,
  WorkerPorts,
} from '../types.ts';
import { AttachedWorkers, portRangeOf } from '../worker-ports.ts';
import { SharedWorkerPorts } from './shared-worker-ports.ts';
import type { SteeringCounters } from './steering/layout.ts';
import { Steering } from './steering/steering.ts';
import { CAP_BPF, withholdFromChildren } from './steering/system-calls.ts';
import type { TcpCounters } from './tcp/counters.ts';
import type { TcpLimitName } from './tcp/limits.ts';
import { TcpDemultiplexer } from './tcp/tcp-demultiplexer.ts';

const limitNames = {
  connections: 'tcp_connections',
  connectionsPerRemote: 'tcp_connections_per_address',
  pending: 'tcp_pending',
  pendingPerRemote: 'tcp_pending_per_address',
} as const satisfies Record<TcpLimitName, LimitName>;

export class SharedPort implements MediaPorts {
  readonly mode = 'shared-port';
  readonly steering: Steering;
  readonly tcpDemultiplexer: TcpDemultiplexer;
  readonly #media: MediaConfig;
  readonly #addresses: ListenAddress[];
  readonly #log: Logger;
  readonly #workers = new AttachedWorkers<SharedWorkerPorts>();
  #opened: Promise<void> | undefined;

  /**
   * Loads the eBPF program. Nothing is bound before the first worker is attached, so that a process
   * started as root can change its user in between.
   *
   * @param config - the checked settings
   * @param addresses - where media is received
   * @param log - receives a warning when the kernel may give the port to another program
   * @param telemetry - receives `limitHit` when a TCP connection is over a limit
   * @throws StartError that says what is missing and how to get it
   */
  constructor(
    { media, http, limits }: Config,
    addresses: ListenAddress[],
    log: Logger,
    telemetry: Telemetry,
  ) {
    this.#media = media;
    this.#addresses = addresses;
    this.#log = log;
    this.steering = Steering.load(addresses.map(({ ip }) => ({ ip, port: media.port })));
    // Workers parse what the network sends, so they get no capability that they do not use.
    withholdFromChildren(CAP_BPF);
    this.tcpDemultiplexer = new TcpDemultiplexer({
      port: media.port,
      iceIps: addresses.map(({ ip }) => ip),
      httpIps: http.sharesMediaPort ? [http.host] : [],
      limits: {
        connections: limits.tcp_connections,
        connectionsPerRemote: limits.tcp_connections_per_address,
        pending: limits.tcp_pending,
        pendingPerRemote: limits.tcp_pending_per_address,
      },
      onLimit: (limit, address) => telemetry.emit('limitHit', limitNames[limit], { address }),
      targetOf: (ufrag, ip) => {
        const index = this.steering.tables.workerOf(ufrag);
        return index === undefined ? undefined : this.#workers.get(index)?.tcpListenerOf(ip);
      },
    });
    void ephemeralPortWarning(media.port, media.port).then((warning) => {
      if (warning) {
        log.warn(warning);
      }
    });
  }

  async attach(worker: types.Worker, index: number): Promise<WorkerPorts> {
    this.#opened ??= this.#open();
    await this.#opened;
    const addresses = await presentAddresses(this.#addresses, this.#log);
    const { port, numWorkers } = this.#media;
    const portRange = portRangeOf(this.#media, numWorkers, index);
    // mediasoup's candidate priorities follow this order: UDP before TCP, preferred address first.
    const listenInfos = [
      ...addresses.map((address) => {
        const info = listenInfoOf(address);
        return {
          protocol: 'udp' as const,
          ...info,
          port,
          flags: { ...info.flags, udpReusePort: true },
        };
      }),
      // Behind the TCP demultiplexer. One for each address, so that the worker can tell them apart.
      ...addresses.map(({ announced: [announcedAddress] }) => ({
        protocol: 'tcp' as const,
        ip: '127.0.0.1',
        announcedAddress,
        portRange,
      })),
    ];
    const webRtcServer = await worker.createWebRtcServer({ listenInfos }).catch((error) => {
      throw explainWorkerBind(error, port);
    });
    const { tcpServers } = await webRtcServer.dump();
    const ips = addresses.map(({ ip }) => ip);
    await this.steering.addWorker(index, worker.pid, ips);
    const ports = new SharedWorkerPorts({
      worker,
      index,
      media: this.#media,
      addresses,
      webRtcServer,
      tcpPorts: tcpServers.map((listener) => listener.port),
      steering: this.steering,
      tcpDemultiplexer: this.tcpDemultiplexer,
    });
    this.#workers.add(worker, index, ports);
    return ports;
  }

  acceptHttp(accept: AcceptHttp | undefined): void {
    this.tcpDemultiplexer.acceptHttp(accept);
  }

  async snapshot(): Promise<PortMap> {
    const { port, announcedPort } = this.#media;
    return {
      mode: this.mode,
      why:
        'MEDIASOUP_USE_WEBRTC_SERVER=shared: all workers receive on one port, ' +
        `MEDIASOUP_PORT (${port})` +
        (announcedPort ? `; peers are told MEDIASOUP_ANNOUNCED_PORT (${announcedPort}).` : '.'),
      ports: this.#workers.describe(),
    };
  }

  /** Includes what the eBPF program and the TCP demultiplexer drop before a worker receives it. */
  async inspect(): Promise<Inspection> {
    const { port } = this.#media;
    const { counted, ports, tuples } = await this.#workers.inspect();
    const kernel = this.steering.groups.map((group) => kernelCounts(port, group.counters()));
    const tcp = tcpCounts(port, this.tcpDemultiplexer.counters());
    return { counted, ports: [...kernel, tcp, ...ports], tuples };
  }

  async close(): Promise<void> {
    this.#workers.clear();
    await this.tcpDemultiplexer.close();
    this.steering.close();
  }

  async #open(): Promise<void> {
    // Without this check, this process would join the SO_REUSEPORT group of another server of the same
    // user, and replace its program.
    await requireFreePorts(
      this.#addresses.map(({ ip }) => ({ protocol: 'udp', ip, port: this.#media.port })),
    );
    this.steering.open();
    await this.tcpDemultiplexer.listen();
  }
}

function kernelCounts(port: number, counters: SteeringCounters): PortCounts {
  const { stunSteered, dataSteered, tupleAdded, tupleRestored, ...rest } = counters;
  // These datagrams are steered and counted as such, too.
  const { tupleRejected, tupleOverLimit, ...dropped } = rest;
  return {
    protocol: 'udp',
    port,
    by: 'kernel',
    handled: {
      stunSteered,
      dataSteered,
      tupleAdded,
      tupleRestored,
      tupleRejected,
      tupleOverLimit,
    },
    dropped,
  };
}

function tcpCounts(port: number, counters: TcpCounters): PortCounts {
  const { accepted, unused, ice, http, tls, idle, ...dropped } = counters;
  return {
    protocol: 'tcp',
    port,
    by: 'tcp-demultiplexer',
    handled: { accepted, unused, ice, http, tls, idle },
    dropped,
  };
}
