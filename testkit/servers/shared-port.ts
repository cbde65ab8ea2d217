/** shared-port in tests: whether it can run, a whole server, and steering alone. */
import { readFileSync } from 'node:fs';
import { release } from 'node:os';
import type { types } from 'mediasoup';
import { onTestFinished, type TestContext } from 'vitest';
import { StartError } from '../../server/src/config/start-error.ts';
import { SharedPort } from '../../server/src/ports/shared-port/shared-port.ts';
import type { SteeredTransport } from '../../server/src/ports/shared-port/steering/steered-transport.ts';
import { Steering } from '../../server/src/ports/shared-port/steering/steering.ts';
import type { SteeringGroup } from '../../server/src/ports/shared-port/steering/steering-group.ts';
import { IcePeer } from '../clients/ice-peer.ts';
import { freePorts } from './free-ports.ts';
import { startTestServer, type TestServer } from './test-server.ts';
import { startTestWorker } from './test-worker.ts';

/** Why shared-port cannot run on this machine; undefined where it can. */
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

/** Whether this kernel requires CAP_BPF for each access to a map, not only to create one. */
export function usingTakesCapBpf(): boolean {
  const [major = 0, minor = 0] = release().split('.').map(Number);
  const setting = readFileSync('/proc/sys/kernel/unprivileged_bpf_disabled', 'utf8');
  return (major < 5 || (major === 5 && minor < 19)) && Number(setting) > 0;
}

/** For beforeEach. */
export function skipWithoutSteering({ skip }: TestContext): void {
  const obstacle = obstacleToSteering();
  skip(obstacle !== undefined, obstacle);
}

export type SharedServer = TestServer & { ports: SharedPort };

/** A test server in shared-port mode, which is stopped when the test has finished. */
export async function startSharedServer(env: Record<string, string> = {}): Promise<SharedServer> {
  const server = await startTestServer({ MEDIASOUP_USE_WEBRTC_SERVER: 'shared', ...env });
  onTestFinished(() => server.stop());
  if (!(server.ports instanceof SharedPort)) {
    throw new Error('not shared-port');
  }
  return { ...server, ports: server.ports };
}

export interface HostedTransport {
  transport: types.WebRtcTransport;
  steered: SteeredTransport;
}

/** Workers that share a steered port, without the rest of SharedPort. */
export class SteeredHost {
  readonly steering: Steering;
  readonly group: SteeringGroup;
  readonly #listen: { ip: string; port: number };
  readonly #workers = new Map<number, { worker: types.Worker; server: types.WebRtcServer }>();

  static async start(ip: string, numWorkers: number): Promise<SteeredHost> {
    const host = new SteeredHost({ ip, port: await freePorts(1) });
    for (let index = 0; index < numWorkers; index++) {
      await host.addWorker(index);
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

  async addWorker(index: number): Promise<void> {
    const worker = await startTestWorker();
    const { ip, port } = this.#listen;
    const flags = { udpReusePort: true, ...(ip.includes(':') && { ipv6Only: true }) };
    const server = await worker.createWebRtcServer({
      listenInfos: [{ protocol: 'udp', ip, port, flags }],
    });
    await this.steering.addWorker(index, worker.pid);
    this.#workers.set(index, { worker, server });
  }

  /** Opens a transport on a worker and keeps the steering tables up to date with its events. */
  async open(workerIndex: number, prefix?: string): Promise<HostedTransport> {
    const { worker, server } = this.#get(workerIndex);
    const router = await worker.createRouter({ mediaCodecs: [] });
    const transport = await router.createWebRtcTransport({
      webRtcServer: server,
      ...(prefix && { iceUsernameFragmentPrefix: prefix }),
    });
    const { usernameFragment } = transport.iceParameters;
    const steered = this.steering.addTransport(workerIndex, usernameFragment);
    transport.on('iceselectedtuplechange', ({ remoteIp, remotePort }) => {
      if (remoteIp && remotePort) {
        steered.verifyTuple(this.group, { address: remoteIp, port: remotePort });
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

  /** The id of a transport in the steering tables. */
  idOf({ transport }: HostedTransport): number {
    const { usernameFragment } = transport.iceParameters;
    const ufrags = this.steering.tables.readUfragsForTesting();
    const id = ufrags.get(usernameFragment.slice(-32))?.transport;
    if (id === undefined) {
      throw new Error('the transport is not in the steering tables');
    }
    return id;
  }

  async received(workerIndex: number): Promise<types.WebRtcServerReceiveStats> {
    const { receiveStats } = await this.#get(workerIndex).server.dump();
    return receiveStats[0] as types.WebRtcServerReceiveStats;
  }

  /** Ends a worker as a crash does. */
  async kill(workerIndex: number): Promise<void> {
    const { worker } = this.#get(workerIndex);
    const died = new Promise((resolve) => worker.once('died', resolve));
    process.kill(worker.pid, 'SIGKILL');
    await died;
  }

  #get(index: number) {
    const worker = this.#workers.get(index);
    if (!worker) {
      throw new Error(`no worker ${index}`);
    }
    return worker;
  }
}
