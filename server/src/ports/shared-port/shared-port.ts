/** A WebRtcServer for each worker, all of them on one port: docs/shared-port.md. */
import type { Socket } from 'node:net';
import type { types } from 'mediasoup';
import type { ListenAddress } from '../../config/announced-addresses.ts';
import type { LimitName } from '../../config/limits.ts';
import type { Config, MediaConfig } from '../../config/types.ts';
import { ephemeralPortWarning } from '../../net/ephemeral-ports.ts';
import type { Logger } from '../../telemetry/log.ts';
import type { Telemetry } from '../../telemetry/telemetry.ts';
import { explainWorkerBind, requireFreePorts } from '../bind-check.ts';
import { listenInfoOf } from '../listen-addresses.ts';
import type { Inspection, MediaPorts, PortMap, WorkerPorts } from '../types.ts';
import { AttachedWorkers, portRangeOf } from '../worker-ports.ts';
import { frontCounts, steeringCounts } from './counts.ts';
import { SharedWorkerPorts } from './shared-worker-ports.ts';
import { Steering } from './steering/steering.ts';
import { CAP_BPF, withholdFromChildren } from './steering/system-calls.ts';
import { TcpFront, type TcpFrontLimit } from './tcp/tcp-demultiplexer.ts';

/** By the front's names for them. */
const limitNames = {
  connections: 'tcp_connections',
  connectionsPerRemote: 'tcp_connections_per_address',
  waiting: 'tcp_waiting',
  waitingPerRemote: 'tcp_waiting_per_address',
} as const satisfies Record<TcpFrontLimit, LimitName>;

export class SharedPort implements MediaPorts {
  readonly mode = 'shared-port';
  readonly steering: Steering;
  readonly front: TcpFront;
  readonly #media: MediaConfig;
  readonly #addresses: ListenAddress[];
  readonly #workers = new AttachedWorkers<SharedWorkerPorts>();
  #opened: Promise<void> | undefined;

  /**
   * Loads the program into the kernel; nothing is bound before the first worker is attached, so that
   * a process started as root can become another user in between.
   *
   * @param config - the settings
   * @param addresses - where media is received
   * @param log - where to warn about a port that may be gone at a restart
   * @param telemetry - who hears of TCP connections over the limit
   * @throws StartError that says what is missing for it and how to get it
   */
  constructor(
    { media, http, limits }: Config,
    addresses: ListenAddress[],
    log: Logger,
    telemetry: Telemetry,
  ) {
    this.#media = media;
    this.#addresses = addresses;
    const listen = addresses.map(({ ip }) => ({ ip, port: media.port }));
    this.steering = Steering.load(listen);
    // Workers parse what the network sends: they shall have no right that they don't use.
    withholdFromChildren(CAP_BPF);
    this.front = new TcpFront({
      port: media.port,
      iceIps: addresses.map(({ ip }) => ip),
      httpIps: http.sharesMediaPort ? [http.host] : [],
      limits: {
        connections: limits.tcp_connections,
        connectionsPerRemote: limits.tcp_connections_per_address,
        waiting: limits.tcp_waiting,
        waitingPerRemote: limits.tcp_waiting_per_address,
      },
      onLimit: (limit, address) => telemetry.emit('limitHit', limitNames[limit], { address }),
      targetOf: (ufrag, ip) => {
        const slot = this.steering.tables.slotOf(ufrag);
        return slot === undefined ? undefined : this.#workers.get(slot)?.tcpListenerOf(ip);
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
    const { port, numWorkers } = this.#media;
    const portRange = portRangeOf(this.#media, numWorkers, index);
    // mediasoup's candidate priorities follow this order: UDP before TCP, preferred address first.
    const listenInfos = [
      ...this.#addresses.map((address) => {
        const info = listenInfoOf(address);
        return {
          protocol: 'udp' as const,
          ...info,
          port,
          flags: { ...info.flags, udpReusePort: true },
        };
      }),
      // Behind the front. One for each address, so that the worker knows which of them a peer came to.
      ...this.#addresses.map(({ announced: [announcedAddress] }) => ({
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
    await this.steering.addWorker(index, worker.pid);
    const ports = new SharedWorkerPorts({
      worker,
      index,
      media: this.#media,
      addresses: this.#addresses,
      webRtcServer,
      tcpPorts: tcpServers.map((listener) => listener.port),
      steering: this.steering,
      front: this.front,
    });
    this.#workers.add(worker, index, ports);
    return ports;
  }

  acceptHttp(accept: ((socket: Socket) => void) | undefined): void {
    this.front.acceptHttp(accept);
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

  /** The kernel's program and the front drop what no worker gets to see. */
  async inspect(): Promise<Inspection> {
    const { port } = this.#media;
    const { counted, ports, tuples } = await this.#workers.inspect();
    const kernel = this.steering.groups.map((group) => steeringCounts(port, group.counters()));
    const front = frontCounts(port, this.front.counters());
    return { counted, ports: [...kernel, front, ...ports], tuples };
  }

  async close(): Promise<void> {
    this.#workers.clear();
    await this.front.close();
    this.steering.close();
  }

  async #open(): Promise<void> {
    // Another server of the same user's would join the group, and its program would take ours' place.
    await requireFreePorts(
      this.#addresses.map(({ ip }) => ({ protocol: 'udp', ip, port: this.#media.port })),
    );
    this.steering.open();
    await this.front.listen();
  }
}
