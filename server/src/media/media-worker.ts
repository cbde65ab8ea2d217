import type { types } from 'mediasoup';
import type { WorkerPorts } from '../ports/types.ts';
import type { Logger } from '../telemetry/log.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import { mediaCodecs } from './codecs.ts';
import { TrafficSampler } from './traffic-sampler.ts';
import { TransportOutcome } from './transport-outcome.ts';
import { TransportTraffic } from './transport-traffic.ts';
import { isForCheck } from './worker-check.ts';
import { WorkerUsage } from './worker-usage.ts';

export interface MediaWorkerOptions {
  worker: types.Worker;
  index: number;
  ports: WorkerPorts;
  /** From what on it gets no new rooms: 1 is a whole core. */
  maxCpu: number;
  telemetry: Telemetry;
  log: Logger;
}

/** Milliseconds after which transports that were expected are there, or won't be. */
const expectedWithinMs = 1_000;

/** A mediasoup worker with its ports and its load. */
export class MediaWorker {
  /** Its place, from 0: its port in single-port is base + index. */
  readonly index: number;
  readonly worker: types.Worker;
  readonly ports: WorkerPorts;
  readonly usage: WorkerUsage;
  /** What its WebRtcTransports carry, by their ids. */
  readonly traffic = new Map<string, TransportTraffic>();
  readonly sampler = new TrafficSampler();
  readonly #options: MediaWorkerOptions;
  readonly #outcomes = new Map<string, TransportOutcome>();
  #routers = 0;
  #transports = 0;
  /** Transports that are about to be made, by what needs them. */
  readonly #expected = new Set<{ transports: number }>();

  constructor(options: MediaWorkerOptions) {
    const { worker, index, ports, maxCpu } = options;
    this.#options = options;
    this.index = index;
    this.worker = worker;
    this.ports = ports;
    this.usage = new WorkerUsage(worker, maxCpu);
    worker.observer.on('newrouter', (router) => {
      if (!isForCheck(router)) {
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

  /** How much there is for it to do, or will be, for comparing workers. */
  get load(): number {
    return [...this.#expected].reduce((sum, { transports }) => sum + transports, this.#transports);
  }

  /** Counts transports that are about to be made, so that what is placed at the same time spreads. */
  expect(transports: number): void {
    const expected = { transports };
    this.#expected.add(expected);
    setTimeout(() => this.#expected.delete(expected), expectedWithinMs).unref();
  }

  /** A room's router. */
  createRouter(): Promise<types.Router> {
    return this.worker.createRouter({ mediaCodecs });
  }

  /** The peer of a transport has sent its DTLS parameters. */
  begins(transportId: string): void {
    this.#outcomes.get(transportId)?.begin();
  }

  #count(router: types.Router): void {
    this.#routers += 1;
    router.observer.once('close', () => {
      this.#routers -= 1;
    });
    router.observer.on('newtransport', (transport) => {
      this.#transports += 1;
      const [expected] = this.#expected;
      if (expected) {
        expected.transports -= 1;
      }
      if (expected?.transports === 0) {
        this.#expected.delete(expected);
      }
      // A DirectTransport is the server's own: it has no port.
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
