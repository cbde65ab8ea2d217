import { readFileSync } from 'node:fs';
import { release } from 'node:os';
import { createWorker, type types } from 'mediasoup';
import { onTestFinished, type TestContext } from 'vitest';
import { StartError } from '../../server/src/config/start-error.ts';
import type { SteeredTransport } from '../../server/src/ports/shared-port/steering/steered-transport.ts';
import { Steering } from '../../server/src/ports/shared-port/steering/steering.ts';
import type { SteeringGroup } from '../../server/src/ports/shared-port/steering/steering-group.ts';
import { IcePeer } from '../clients/ice-peer.ts';
import { freePorts } from './free-ports.ts';

/** For tests: why the kernel lets nobody steer here; undefined where it does. */
export function obstacleToSteering(): string | undefined {
  try {
    Steering.load([{ ip: '127.0.0.1', port: 1 }]).close();
    return undefined;
  } catch (error) {
    if (!(error instanceof StartError)) {
      throw error;
    }
    return error.message;
  }
}

/** For tests: whether this kernel asks for CAP_BPF at each use of a table too, not only when one is made. */
export function usingTakesCapBpf(): boolean {
  const [major = 0, minor = 0] = release().split('.').map(Number);
  const setting = readFileSync('/proc/sys/kernel/unprivileged_bpf_disabled', 'utf8');
  return (major < 5 || (major === 5 && minor < 19)) && Number(setting) > 0;
}

/** For tests, in beforeEach. */
export function skipWithoutSteering({ skip }: TestContext): void {
  const obstacle = obstacleToSteering();
  skip(obstacle !== undefined, obstacle);
}

/** Bytes that no WebRTC protocol begins with: a worker counts them and does nothing else. */
export const data = Buffer.alloc(100, 0xff);

export interface Placed {
  transport: types.WebRtcTransport;
  steered: SteeredTransport;
}

/** For tests: workers that share a port, steered, without what SharedPort does beside. */
export class SteeredHost {
  readonly steering: Steering;
  readonly group: SteeringGroup;
  readonly #listen: { ip: string; port: number };
  readonly #workers = new Map<number, { worker: types.Worker; server: types.WebRtcServer }>();

  static async start(ip: string, numWorkers: number): Promise<SteeredHost> {
    const host = new SteeredHost({ ip, port: await freePorts(1) });
    for (let slot = 0; slot < numWorkers; slot++) {
      await host.addWorker(slot);
    }
    return host;
  }

  private constructor(listen: { ip: string; port: number }) {
    this.#listen = listen;
    this.steering = Steering.load([listen]);
    onTestFinished(() => this.steering.close());
    this.steering.open();
    this.group = this.steering.groups[0] as SteeringGroup;
  }

  async addWorker(slot: number): Promise<void> {
    const workerBin = process.env.MEDIASOUP_WORKER_BIN;
    const worker = await createWorker({ logLevel: 'error', ...(workerBin && { workerBin }) });
    onTestFinished(() => worker.close());
    const { ip, port } = this.#listen;
    const flags = { udpReusePort: true, ...(ip.includes(':') && { ipv6Only: true }) };
    const server = await worker.createWebRtcServer({
      listenInfos: [{ protocol: 'udp', ip, port, flags }],
    });
    await this.steering.addWorker(slot, worker.pid);
    this.#workers.set(slot, { worker, server });
  }

  /** A transport, with the events by which its maps are kept right. */
  async place(slot: number, prefix?: string): Promise<Placed> {
    const { worker, server } = this.#get(slot);
    const router = await worker.createRouter({ mediaCodecs: [] });
    const transport = await router.createWebRtcTransport({
      webRtcServer: server,
      ...(prefix && { iceUsernameFragmentPrefix: prefix }),
    });
    const steered = this.steering.addTransport(slot, transport.iceParameters.usernameFragment);
    transport.on('iceselectedtuplechange', ({ remoteIp, remotePort }) => {
      if (remoteIp && remotePort) {
        steered.own(this.group, { address: remoteIp, port: remotePort });
      }
    });
    transport.observer.once('close', () => steered.close());
    return { transport, steered };
  }

  async peer(from: { ip?: string; port?: number } = {}): Promise<IcePeer> {
    const peer = await IcePeer.open(this.#listen, from);
    onTestFinished(() => peer.close());
    return peer;
  }

  /** By what number the kernel knows a transport. */
  idOf({ transport }: Placed): number {
    const { usernameFragment } = transport.iceParameters;
    const id = this.steering.tables.readUfrags().get(usernameFragment.slice(-32))?.transport;
    if (id === undefined) {
      throw new Error('the kernel knows it no more');
    }
    return id;
  }

  /** What a worker has received. */
  async received(slot: number): Promise<types.WebRtcServerReceiveStats> {
    const { receiveStats } = await this.#get(slot).server.dump();
    return receiveStats[0] as types.WebRtcServerReceiveStats;
  }

  /** Ends a worker as a crash does. */
  async kill(slot: number): Promise<void> {
    const { worker } = this.#get(slot);
    const died = new Promise((resolve) => worker.once('died', resolve));
    process.kill(worker.pid, 'SIGKILL');
    await died;
  }

  #get(slot: number) {
    const worker = this.#workers.get(slot);
    if (!worker) {
      throw new Error(`no worker in slot ${slot}`);
    }
    return worker;
  }
}
