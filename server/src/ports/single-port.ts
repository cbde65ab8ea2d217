/** One WebRtcServer for each worker, hence one port: base, base + 1, ... */
import type { types } from 'mediasoup';
import type { ListenAddress } from '../config/announced-addresses.ts';
import type { MediaConfig } from '../config/types.ts';
import { ephemeralPortWarning } from '../net/ephemeral-ports.ts';
import type { Logger } from '../telemetry/log.ts';
import { explainWorkerBind, requireFreePorts } from './bind-check.ts';
import { listenInfoOf, presentAddresses } from './listen-addresses.ts';
import { endpointAt, findEndpoint } from './port-map.ts';
import type { Inspection, MediaPorts, PortMap, WorkerPorts } from './types.ts';
import { AttachedWorkers, BaseWorkerPorts } from './worker-ports.ts';

const protocols = ['udp', 'tcp'] as const;

export class SinglePort implements MediaPorts {
  readonly mode = 'single-port';
  readonly #media: MediaConfig;
  readonly #addresses: ListenAddress[];
  readonly #log: Logger;
  readonly #workers = new AttachedWorkers();

  constructor(media: MediaConfig, addresses: ListenAddress[], log: Logger) {
    this.#media = media;
    this.#addresses = addresses;
    this.#log = log;
    void ephemeralPortWarning(media.port, media.port + media.numWorkers - 1).then((warning) => {
      if (warning) {
        log.warn(warning);
      }
    });
  }

  async attach(worker: types.Worker, index: number): Promise<WorkerPorts> {
    const port = this.#media.port + index;
    const addresses = await presentAddresses(this.#addresses, this.#log);
    // mediasoup's candidate priorities follow this order: UDP before TCP, preferred address first.
    const listenInfos = protocols.flatMap((protocol) =>
      addresses.map((address) => ({ protocol, ...listenInfoOf(address), port })),
    );
    const announcedPort = (this.#media.announcedPort ?? this.#media.port) + index;
    const fixedEndpoints = protocols.flatMap((protocol) =>
      addresses.map((address) => endpointAt(address, { protocol, port, announcedPort })),
    );
    await requireFreePorts(listenInfos);
    const webRtcServer = await worker.createWebRtcServer({ listenInfos }).catch((error) => {
      throw explainWorkerBind(error, port);
    });
    const ports = new BaseWorkerPorts({
      worker,
      index,
      media: this.#media,
      addresses,
      fixedEndpoints,
      webRtcServer,
      listen: () => ({ webRtcServer }),
      endpointOf: (candidate) => findEndpoint(fixedEndpoints, candidate),
    });
    this.#workers.add(worker, index, ports);
    return ports;
  }

  async snapshot(): Promise<PortMap> {
    return {
      mode: this.mode,
      why:
        'MEDIASOUP_USE_WEBRTC_SERVER=true: a WebRtcServer for each worker, so a port for each ' +
        `worker, from MEDIASOUP_PORT (${this.#media.port}) on` +
        (this.#media.announcedPort
          ? `; peers are told MEDIASOUP_ANNOUNCED_PORT (${this.#media.announcedPort}) and on.`
          : '.'),
      ports: this.#workers.describe(),
    };
  }

  inspect(): Promise<Inspection> {
    return this.#workers.inspect();
  }

  async close(): Promise<void> {
    this.#workers.clear();
  }
}
