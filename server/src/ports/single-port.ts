/** One WebRtcServer, so one port, for each worker: base, base + 1, ... */
import { setTimeout as sleep } from 'node:timers/promises';
import type { types } from 'mediasoup';
import type { MediaConfig } from '../config.ts';
import type { Logger } from '../log.ts';
import { ephemeralPortWarning } from './ephemeral-ports.ts';
import { PortInUseError } from './errors.ts';
import type { ListenAddress } from './listen-addresses.ts';
import type { MediaPorts, WorkerPorts } from './media-ports.ts';
import type { PortMap } from './port-map.ts';
import { CommonWorkerPorts } from './worker-ports.ts';

const protocols = ['udp', 'tcp'] as const;

/** The default port lies among those that the kernel gives to outgoing connections, for a while. */
const bindAttempts = 5;
const bindPauseMs = 200;

export class SinglePort implements MediaPorts {
  readonly mode = 'single-port';
  readonly #media: MediaConfig;
  readonly #addresses: ListenAddress[];
  readonly #workers = new Map<number, CommonWorkerPorts>();

  constructor(media: MediaConfig, addresses: ListenAddress[], log: Logger) {
    this.#media = media;
    this.#addresses = addresses;
    void ephemeralPortWarning(media.port, media.port + media.numWorkers - 1).then((warning) => {
      if (warning) log.warn(warning);
    });
  }

  async attach(worker: types.Worker, index: number): Promise<WorkerPorts> {
    const port = this.#media.port + index;
    // mediasoup's candidate priorities follow this order: UDP before TCP, preferred address first.
    const listenInfos = protocols.flatMap((protocol) =>
      this.#addresses.map((address) => ({ protocol, ...address, port })),
    );
    const webRtcServer = await bind(worker, listenInfos);
    const ports = new CommonWorkerPorts({
      worker,
      index,
      media: this.#media,
      addresses: this.#addresses,
      standing: listenInfos.map(({ protocol, ip, announcedAddress }) => ({
        protocol,
        address: announcedAddress ?? ip,
        port,
      })),
      listen: () => ({ webRtcServer }),
    });
    this.#workers.set(index, ports);
    worker.observer.once('close', () => {
      if (this.#workers.get(index) === ports) this.#workers.delete(index);
    });
    return ports;
  }

  async snapshot(): Promise<PortMap> {
    return {
      mode: this.mode,
      why:
        'MEDIASOUP_USE_WEBRTC_SERVER=true: a WebRtcServer for each worker, so a port for each ' +
        `worker, from MEDIASOUP_PORT (${this.#media.port}) on.`,
      ports: [...this.#workers.values()].flatMap((ports) => ports.describe()),
    };
  }

  async close(): Promise<void> {
    this.#workers.clear();
  }
}

async function bind(
  worker: types.Worker,
  listenInfos: types.TransportListenInfo[],
): Promise<types.WebRtcServer> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await worker.createWebRtcServer({ listenInfos });
    } catch (error) {
      if (!isAddressInUse(error)) throw error;
      if (attempt === bindAttempts) throw portInUse(listenInfos);
      await sleep(bindPauseMs * attempt);
    }
  }
}

function isAddressInUse(error: unknown): boolean {
  return error instanceof Error && /address already in use/i.test(error.message);
}

function portInUse(listenInfos: types.TransportListenInfo[]): PortInUseError {
  const [first] = listenInfos;
  const addresses = [...new Set(listenInfos.map(({ ip }) => ip))].join(' or ');
  return new PortInUseError(
    `Port ${first?.port} (UDP or TCP, at ${addresses}) is in use. Free it ` +
      `(\`ss -lnptu 'sport = :${first?.port}'\` says who has it) or choose another with MEDIASOUP_PORT.`,
  );
}
