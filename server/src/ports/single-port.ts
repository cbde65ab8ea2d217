/** One WebRtcServer, so one port, for each worker: base, base + 1, ... */
import { setTimeout as sleep } from 'node:timers/promises';
import type { types } from 'mediasoup';
import type { ListenAddress } from '../announced-addresses.ts';
import type { MediaConfig } from '../config.ts';
import type { Logger } from '../log.ts';
import { StartError } from '../start-error.ts';
import { ephemeralPortWarning } from './ephemeral-ports.ts';
import { PortInUseError } from './errors.ts';
import { listenInfoOf } from './listen-addresses.ts';
import type { MediaPorts, WorkerPorts } from './media-ports.ts';
import { findListening, listeningAt, type PortMap } from './port-map.ts';
import { tryBind } from './try-bind.ts';
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
      this.#addresses.map((address) => ({ protocol, ...listenInfoOf(address), port })),
    );
    const announcedPort = (this.#media.announcedPort ?? this.#media.port) + index;
    const standing = protocols.flatMap((protocol) =>
      this.#addresses.map((address) => listeningAt(address, { protocol, port, announcedPort })),
    );
    const webRtcServer = await bind(worker, listenInfos);
    const ports = new CommonWorkerPorts({
      worker,
      index,
      media: this.#media,
      addresses: this.#addresses,
      standing,
      listen: () => ({ webRtcServer }),
      listeningOf: (candidate) => findListening(standing, candidate),
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
        `worker, from MEDIASOUP_PORT (${this.#media.port}) on` +
        (this.#media.announcedPort
          ? `; peers are told MEDIASOUP_ANNOUNCED_PORT (${this.#media.announcedPort}) and on.`
          : '.'),
      ports: [...this.#workers.values()].flatMap((ports) => ports.describe()),
    };
  }

  async close(): Promise<void> {
    this.#workers.clear();
  }
}

async function bind(
  worker: types.Worker,
  listenInfos: (types.TransportListenInfo & { port: number })[],
): Promise<types.WebRtcServer> {
  for (let attempt = 1; ; attempt++) {
    const obstacle = await obstacleTo(listenInfos);
    if (!obstacle) return await worker.createWebRtcServer({ listenInfos });
    if (attempt === bindAttempts) throw obstacle;
    await sleep(bindPauseMs * attempt);
  }
}

/** Why the worker would fail to listen; undefined: nothing is in its way. */
async function obstacleTo(
  listenInfos: (types.TransportListenInfo & { port: number })[],
): Promise<StartError | undefined> {
  for (const { protocol, ip, port } of listenInfos) {
    const code = await tryBind(protocol, ip, port);
    if (!code) continue;
    if (code === 'EADDRINUSE') return new PortInUseError(protocol, ip, port);
    return new StartError(
      `  MEDIASOUP_PORT=${port}: can't listen at ${ip}, ${protocol.toUpperCase()} (${code}). ` +
        (code === 'EACCES'
          ? 'Ports below 1024 need CAP_NET_BIND_SERVICE: choose one above 1023.'
          : 'Choose another port.'),
    );
  }
  return undefined;
}
