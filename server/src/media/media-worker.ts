import type { types } from 'mediasoup';
import type { WorkerPorts } from '../ports/types.ts';
import { checkStun } from '../stun/stun-check.ts';
import type { Logger } from '../telemetry/log.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import { mediaCodecs } from './codecs.ts';
import { consumersPerWorker, type Headroom } from './headroom.ts';
import { Reservations } from './reservations.ts';
import { TrafficSampler } from './traffic-sampler.ts';
import { TransportOutcome } from './transport-outcome.ts';
import { TransportTraffic } from './transport-traffic.ts';
import { WorkerUsage } from './worker-usage.ts';

export interface MediaWorkerOptions {
  worker: types.Worker;
  index: number;
  ports: WorkerPorts;
  /** The CPU use from which on the worker gets no new rooms: 1 is a whole core. */
  maxCpu: number;
  telemetry: Telemetry;
  log: Logger;
}

/** Milliseconds that a peer may take to get its transports, and then its consumers. */
const transportsMs = 1_000;
const consumersMs = 5_000;

/** Marks the router of a health check, which is not counted. */
const probeRouter = { probe: true };

/** A mediasoup worker with its ports, its load and its transports' traffic. */
export class MediaWorker implements Headroom {
  /** From 0. A worker that replaces a dead one has its index. */
  readonly index: number;
  readonly worker: types.Worker;
  readonly ports: WorkerPorts;
  readonly usage: WorkerUsage;
  /** Of the WebRtcTransports, by id. */
  readonly traffic = new Map<string, TransportTraffic>();
  readonly sampler = new TrafficSampler();
  readonly #options: MediaWorkerOptions;
  readonly #outcomes = new Map<string, TransportOutcome>();
  #routers = 0;
  #transports = 0;
  #consumers = 0;
  readonly #reserved = {
    transports: new Reservations(transportsMs),
    consumers: new Reservations(consumersMs),
  };
  #checking = false;

  constructor(options: MediaWorkerOptions) {
    const { worker, index, ports, maxCpu } = options;
    this.#options = options;
    this.index = index;
    this.worker = worker;
    this.ports = ports;
    this.usage = new WorkerUsage(worker, maxCpu);
    worker.observer.on('newrouter', (router) => {
      if (router.appData.probe !== true) {
        this.#count(router);
      }
    });
  }

  get routers(): number {
    return this.#routers;
  }

  get transports(): number {
    return this.#transports;
  }

  get closed(): boolean {
    return this.worker.closed;
  }

  get busy(): boolean {
    return this.usage.busy;
  }

  get load(): number {
    const consumers = this.#consumers + this.#reserved.consumers.total;
    return Math.max(this.usage.share, consumers / consumersPerWorker);
  }

  get expectedTransports(): number {
    return this.#transports + this.#reserved.transports.total;
  }

  /** Counts what is about to be created. */
  reserve({ transports, consumers }: { transports: number; consumers: number }): void {
    this.#reserved.transports.add(transports);
    this.#reserved.consumers.add(consumers);
  }

  /** Creates the router of a room. */
  createRouter(): Promise<types.Router> {
    return this.worker.createRouter({ mediaCodecs });
  }

  /** The client of a transport has sent its DTLS parameters. */
  connecting(transportId: string): void {
    this.#outcomes.get(transportId)?.connecting();
  }

  /**
   * Checks that the worker can serve a peer: that it creates a transport, and that each of its endpoints answers a
   * STUN Binding Request. Leaves nothing open.
   *
   * @returns what is wrong; undefined when nothing is
   */
  async check(timeoutMs: number): Promise<string | undefined> {
    const timedOut = `it doesn't answer within ${timeoutMs} ms`;
    // Further requests to a worker that hangs would only pile up.
    if (this.#checking) {
      return timedOut;
    }
    this.#checking = true;
    const signal = AbortSignal.timeout(timeoutMs);
    const timeout = new Promise<string>((resolve) =>
      signal.addEventListener('abort', () => resolve(timedOut), { once: true }),
    );
    const checked = this.#probe(signal)
      .then(() => undefined)
      .catch((error: Error) => error.message)
      .finally(() => {
        this.#checking = false;
      });
    return await Promise.race([checked, timeout]);
  }

  async #probe(signal: AbortSignal): Promise<void> {
    const { worker, ports } = this;
    // A worker that hangs would create the router when it continues. This request has no such effect.
    await worker.getResourceUsage();
    if (signal.aborted) {
      return;
    }
    const router = await worker.createRouter({ appData: probeRouter });
    try {
      const { transport, endpoints } = await ports.openProbe(router);
      for (const endpoint of endpoints) {
        await checkStun(endpoint, transport.iceParameters, signal);
      }
    } finally {
      router.close();
    }
  }

  #count(router: types.Router): void {
    this.#routers += 1;
    router.observer.once('close', () => {
      this.#routers -= 1;
    });
    router.observer.on('newtransport', (transport) => {
      this.#transports += 1;
      this.#reserved.transports.fulfil();
      transport.observer.on('newconsumer', (consumer) => {
        this.#consumers += 1;
        this.#reserved.consumers.fulfil();
        consumer.observer.once('close', () => {
          this.#consumers -= 1;
        });
      });
      // A DirectTransport has no port: nothing reaches it over the network.
      if (transport.type === 'webrtc') {
        this.#watch(transport as types.WebRtcTransport);
      }
      transport.observer.once('close', () => {
        this.#transports -= 1;
        this.traffic.delete(transport.id);
        this.#outcomes.delete(transport.id);
      });
    });
  }

  #watch(transport: types.WebRtcTransport): void {
    const { telemetry, index: workerIndex, log } = this.#options;
    this.traffic.set(transport.id, new TransportTraffic(transport));
    this.#outcomes.set(
      transport.id,
      new TransportOutcome(transport, { telemetry, workerIndex, log }),
    );
  }
}
