/** A port for each transport and protocol, out of the worker's part of the range. */
import type { types } from 'mediasoup';
import type { ListenAddress } from '../config/announced-addresses.ts';
import type { MediaConfig } from '../config/config.ts';
import { listenInfoOf } from './listen-addresses.ts';
import type { MediaPorts, WorkerPorts } from './media-ports.ts';
import { listeningAt, type PortMap, portsOfAll } from './port-map.ts';
import { portRangeOf } from './port-range.ts';
import type { Inspection } from './port-stats.ts';
import { CommonWorkerPorts } from './worker-ports.ts';

export class MultiPort implements MediaPorts {
  readonly mode = 'multi-port';
  readonly #media: MediaConfig;
  readonly #addresses: ListenAddress[];
  readonly #workers = new Map<number, CommonWorkerPorts>();

  constructor(media: MediaConfig, addresses: ListenAddress[]) {
    this.#media = media;
    this.#addresses = addresses;
  }

  async attach(worker: types.Worker, index: number): Promise<WorkerPorts> {
    const portRange = portRangeOf(this.#media, this.#media.numWorkers, index);
    const ports = new CommonWorkerPorts({
      worker,
      index,
      media: this.#media,
      addresses: this.#addresses,
      standing: [],
      // With listenInfos mediasoup opens every entry, whatever enableUdp and enableTcp say.
      listen: ({ protocols }) => ({
        listenInfos: protocols.flatMap((protocol) =>
          this.#addresses.map((address) => ({ protocol, ...listenInfoOf(address), portRange })),
        ),
      }),
      listeningOf: ({ protocol, address, port }) => {
        const listener = this.#addresses.find(({ announced }) => announced[0] === address);
        if (!listener) {
          throw new TypeError(`nothing listens for ${address}`);
        }
        return listeningAt(listener, { protocol, port, announcedPort: port });
      },
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
    const { minPort, maxPort } = this.#media;
    return {
      mode: this.mode,
      why:
        `MEDIASOUP_USE_WEBRTC_SERVER=false: each WebRtcTransport opens a port of its own for each ` +
        `protocol and address, out of ${minPort} to ${maxPort}.`,
      ports: portsOfAll(this.#workers),
    };
  }

  /** A transport's port is nobody else's: there is nothing to choose, and mediasoup counts no drops. */
  async inspect(): Promise<Inspection> {
    return { counted: 'not-counted', ports: [], tuples: [] };
  }

  async close(): Promise<void> {
    this.#workers.clear();
  }
}
