/** One WebRtcServer, so one port, for each worker: base, base + 1, ... */
import type { types } from 'mediasoup';
import type { ListenAddress } from '../config/announced-addresses.ts';
import type { MediaConfig } from '../config/config.ts';
import { explainWorkerBind, mustBeFree } from '../net/bind-check.ts';
import { ephemeralPortWarning } from '../net/ephemeral-ports.ts';
import type { Logger } from '../telemetry/log.ts';
import { listenInfoOf } from './listen-addresses.ts';
import type { MediaPorts, WorkerPorts } from './media-ports.ts';
import { findListening, listeningAt, type PortMap, portsOfAll } from './port-map.ts';
import { type Inspection, inspectAll, inspectionOf } from './port-stats.ts';
import { CommonWorkerPorts } from './worker-ports.ts';

const protocols = ['udp', 'tcp'] as const;

export class SinglePort implements MediaPorts {
  readonly mode = 'single-port';
  readonly #media: MediaConfig;
  readonly #addresses: ListenAddress[];
  readonly #workers = new Map<number, CommonWorkerPorts>();

  constructor(media: MediaConfig, addresses: ListenAddress[], log: Logger) {
    this.#media = media;
    this.#addresses = addresses;
    void ephemeralPortWarning(media.port, media.port + media.numWorkers - 1).then((warning) => {
      if (warning) {
        log.warn(warning);
      }
    });
  }

  async attach(worker: types.Worker, index: number): Promise<WorkerPorts> {
    const port = this.#media.port + index;
    // mediasoup's candidate priorities follow this order: UDP before TCP, preferred address first.
    const listenInfos = protocols.flatMap((protocol) =>
      this.#addresses.map((address) => ({ protocol, ...listenInfoOf(address), port })),
    );
    const announcedPort = (this.#media.announcedPort ?? this.#media.port) + index;
    const standing = protocols.flatMap((protocol) =>
      this.#addresses.map((address) => listeningAt(address, { protocol, port, announcedPort })),
    );
    await mustBeFree(listenInfos);
    const webRtcServer = await worker.createWebRtcServer({ listenInfos }).catch((error) => {
      throw explainWorkerBind(error, port);
    });
    const ports = new CommonWorkerPorts({
      worker,
      index,
      media: this.#media,
      addresses: this.#addresses,
      standing,
      webRtcServer,
      listen: () => ({ webRtcServer }),
      listeningOf: (candidate) => findListening(standing, candidate),
    });
    this.#workers.set(index, ports);
    worker.observer.once('close', () => {
      if (this.#workers.get(index) === ports) {
        this.#workers.delete(index);
      }
    });
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
      ports: portsOfAll(this.#workers),
    };
  }

  async inspect(): Promise<Inspection> {
    return inspectionOf(await inspectAll(this.#workers.values()));
  }

  async close(): Promise<void> {
    this.#workers.clear();
  }
}
