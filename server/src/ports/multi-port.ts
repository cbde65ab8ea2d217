/** A port for each transport and protocol, from the worker's part of the range. */
import type { types } from 'mediasoup';
import type { ListenAddress } from '../config/announced-addresses.ts';
import type { MediaConfig } from '../config/types.ts';
import type { Logger } from '../telemetry/log.ts';
import { listenInfoOf, presentAddresses } from './listen-addresses.ts';
import { endpointAt } from './port-map.ts';
import type { Inspection, MediaPorts, PortMap, WorkerPorts } from './types.ts';
import { AttachedWorkers, BaseWorkerPorts, portRangeOf } from './worker-ports.ts';

export class MultiPort implements MediaPorts {
  readonly mode = 'multi-port';
  readonly #media: MediaConfig;
  readonly #addresses: ListenAddress[];
  readonly #log: Logger;
  readonly #workers = new AttachedWorkers();

  constructor(media: MediaConfig, addresses: ListenAddress[], log: Logger) {
    this.#media = media;
    this.#addresses = addresses;
    this.#log = log;
  }

  async attach(worker: types.Worker, index: number): Promise<WorkerPorts> {
    const portRange = portRangeOf(this.#media, this.#media.numWorkers, index);
    const ports = new BaseWorkerPorts({
      worker,
      index,
      media: this.#media,
      addresses: this.#addresses,
      fixedEndpoints: [],
      // With listenInfos mediasoup opens every entry, whatever enableUdp and enableTcp say.
      listen: async ({ protocols }) => {
        const addresses = await presentAddresses(this.#addresses, this.#log);
        return {
          listenInfos: protocols.flatMap((protocol) =>
            addresses.map((address) => ({ protocol, ...listenInfoOf(address), portRange })),
          ),
        };
      },
      endpointOf: ({ protocol, address, port }) => {
        const bound = this.#addresses.find(({ announced }) => announced[0] === address);
        if (!bound) {
          throw new TypeError(`nothing listens for ${address}`);
        }
        return endpointAt(bound, { protocol, port, announcedPort: port });
      },
    });
    this.#workers.add(worker, index, ports);
    return ports;
  }

  async snapshot(): Promise<PortMap> {
    const { minPort, maxPort } = this.#media;
    return {
      mode: this.mode,
      why:
        `MEDIASOUP_USE_WEBRTC_SERVER=false: each WebRtcTransport opens a port of its own for each ` +
        `protocol and address, out of ${minPort} to ${maxPort}.`,
      ports: this.#workers.describe(),
    };
  }

  /** Each transport has its own ports, so no packet is demultiplexed and mediasoup counts no drops. */
  async inspect(): Promise<Inspection> {
    return { counted: 'not-counted', ports: [], tuples: [] };
  }

  async close(): Promise<void> {
    this.#workers.clear();
  }
}
