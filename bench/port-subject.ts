import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { types } from 'mediasoup';
import type { Transport } from '../server/src/ports/types.ts';
import { bindingRequest } from '../server/src/stun/stun-message.ts';
import { createCertificate, spawnDtls } from '../testkit/clients/dtls-client.ts';
import { IcePeer } from '../testkit/clients/ice-peer.ts';
import { rtpCapabilities, rtpParametersFor } from '../testkit/clients/media-parameters.ts';
import { SrtpSender } from '../testkit/clients/srtp.ts';
import { startTestServer, type TestServer } from '../testkit/servers/test-server.ts';
import { udpQueue } from '../testkit/system/kernel-sockets.ts';
import { isAsleep } from '../testkit/system/processes.ts';
import { DatagramSender, type Prepared, prepare } from './datagram-sender.ts';
import { burstTo, processCpuNs, threadCpuNs } from './measuring.ts';

const ip = '127.0.0.1';
/** Opus at 40 kbit/s. */
const payload = Buffer.alloc(100, 0x5a);
/** As long as its SRTP packet, but no WebRTC protocol: a worker finds the transport and drops it. */
const unknown = Buffer.alloc(payload.length + 28, 0xff);
/** Packets for each worker that fit into a socket's default buffer. */
const burstForWorker = 180;

/** The worker decrypts SRTP and sends it to another peer. */
export type Kind = 'srtp' | 'unknown';

export interface Run {
  /** Received by the workers. */
  packets: number;
  lost: number;
  /** From the first packet sent to the last received. */
  seconds: number;
  /** CPU time of sender and workers, in ns for each packet received. */
  cpuNs: number;
}

interface Peer {
  transport: Transport;
  producer: types.Producer;
  sender: DatagramSender;
  srtp: SrtpSender;
}

/** A member of mediasoup's class that its interface lacks. */
interface WorkerInside {
  webRtcServersForTesting: Set<types.WebRtcServer>;
}

/** A server in a port mode, with peers on all of its workers that have completed ICE and DTLS. */
export class PortSubject {
  readonly #server: TestServer;
  readonly #peers: Peer[];
  readonly #ports: Set<number>;
  /** Whether workers count received packets: without a WebRtcServer (multi-port) they do not. */
  readonly #counted: boolean;
  #sent = 0;

  private constructor(server: TestServer, peers: Peer[], ports: Set<number>, counted: boolean) {
    this.#server = server;
    this.#peers = peers;
    this.#ports = ports;
    this.#counted = counted;
  }

  /**
   * @param setting - MEDIASOUP_USE_WEBRTC_SERVER
   * @param workers - the number of workers
   * @param peersOfWorker - peers of each worker, in one room; each peer receives from the previous one
   */
  static async start(
    setting: 'true' | 'false' | 'shared',
    { workers, peersOfWorker }: { workers: number; peersOfWorker: number },
    certificate: DtlsCertificate,
  ): Promise<PortSubject> {
    const server = await startTestServer({
      MEDIASOUP_USE_WEBRTC_SERVER: setting,
      MEDIASOUP_NUM_WORKERS: String(workers),
    });
    const peers: Peer[] = [];
    const ports = new Set<number>();
    for (const worker of server.pool.workers) {
      const router = await worker.createRouter();
      let before: types.Producer | undefined;
      for (let i = 0; i < peersOfWorker; i++) {
        const transport = await worker.ports.createTransport(router, {
          protocols: ['udp'],
          enableSctp: false,
          appData: { roomId: `bench-${worker.index}`, peerId: `peer-${i}`, direction: 'send' },
        });
        const port = worker.ports.candidates(transport)[0]?.port ?? 0;
        const from = await checkIce(transport, port);
        const fingerprints = [{ algorithm: 'sha-256' as const, value: certificate.fingerprint }];
        await transport.connect({ dtlsParameters: { role: 'client', fingerprints } });
        const keys = await certificate.handshake(from, port);
        const { kind, rtpParameters } = rtpParametersFor('microphone');
        const producer = await transport.produce({ kind, rtpParameters });
        if (before) {
          await transport.consume({ producerId: before.id, rtpCapabilities });
        }
        before = producer;
        ports.add(port);
        const ssrc = rtpParameters.encodings?.[0]?.ssrc ?? 0;
        const payloadType = rtpParameters.codecs[0]?.payloadType ?? 0;
        const srtp = new SrtpSender(keys, ssrc, payloadType);
        peers.push({ transport, producer, sender: new DatagramSender(from, port), srtp });
      }
    }
    const subject = new PortSubject(server, peers, ports, setting !== 'false');
    await subject.#mustBeMedia();
    return subject;
  }

  /** Otherwise a bug in our SRTP would make all measurements too low. @throws Error when media is not received */
  async #mustBeMedia(): Promise<void> {
    const { packets } = await this.inBursts('srtp', 10 * this.#peers.length);
    for (const { producer } of this.#peers) {
      const count = (await producer.getStats())[0]?.packetCount;
      if (count !== 10) {
        throw new Error(`a producer received ${count} of 10 packets, all of them ${packets}`);
      }
    }
  }

  /** Sends bursts, each after the workers have processed the one before. */
  async inBursts(kind: Kind, packets: number): Promise<Run> {
    const [prepared, ofPeer] = this.#prepare(kind, packets);
    const inBurst = Math.floor(
      (burstForWorker * this.#server.pool.workers.length) / prepared.length,
    );
    return this.#measure(async (send) => {
      for (let first = 0; first < ofPeer; first += inBurst) {
        await burstTo(this.#pids, () => {
          for (const [i, one] of prepared.entries()) {
            send(i, one, first, Math.min(inBurst, ofPeer - first));
          }
        });
        await this.#idle();
      }
    });
  }

  /** Sends as fast as the kernel allows, whether or not the workers keep up. */
  async flood(kind: Kind, packets: number): Promise<Run> {
    const [prepared, ofPeer] = this.#prepare(kind, packets);
    const atOnce = 8;
    return this.#measure(async (send) => {
      for (let first = 0; first < ofPeer; first += atOnce) {
        for (const [i, one] of prepared.entries()) {
          send(i, one, first, Math.min(atOnce, ofPeer - first));
        }
      }
    });
  }

  /** Sends Binding Requests only, to measure the eBPF program. */
  async checks(rounds: number): Promise<void> {
    for (let round = 0; round < rounds; round++) {
      for (const { sender, transport } of this.#peers) {
        sender.send(prepare([bindingRequest(transport.iceParameters)]), 0, 1);
      }
      await this.#idle();
    }
  }

  async stop(): Promise<void> {
    for (const { sender } of this.#peers) {
      sender.close();
    }
    await this.#server.stop();
  }

  #prepare(kind: Kind, packets: number): [prepared: Prepared[], ofPeer: number] {
    const ofPeer = Math.ceil(packets / this.#peers.length);
    const make = (srtp: SrtpSender) => (kind === 'srtp' ? srtp.next(payload) : unknown);
    return [
      this.#peers.map(({ srtp }) => prepare(Array.from({ length: ofPeer }, () => make(srtp)))),
      ofPeer,
    ];
  }

  async #measure(
    work: (
      send: (peer: number, ...what: Parameters<DatagramSender['send']>) => void,
    ) => Promise<void>,
  ): Promise<Run> {
    // Renews ICE consent (RFC 7675).
    await this.checks(1);
    let sendingNs = 0;
    const before = await this.#state();
    const start = performance.now();
    await work((peer, ...what) => {
      const begun = threadCpuNs();
      this.#peers[peer]?.sender.send(...what);
      sendingNs += threadCpuNs() - begun;
      this.#sent += what[2];
    });
    await this.#idle();
    const seconds = (performance.now() - start) / 1000;
    const after = await this.#state();
    const packets = after.packets - before.packets;
    const cpuNs = (sendingNs + after.workersNs - before.workersNs) / packets;
    return { packets, lost: after.drops - before.drops, seconds, cpuNs };
  }

  /** Waits until the workers have nothing to do. */
  async #idle(): Promise<void> {
    while ((await this.#queue()).bytes > 0 || !this.#pids.every(isAsleep)) {
      await sleep(1);
    }
  }

  async #state() {
    const { drops } = await this.#queue();
    const state = { packets: this.#counted ? 0 : this.#sent - drops, workersNs: 0, drops };
    for (const { worker } of this.#server.pool.workers) {
      for (const server of (worker as unknown as WorkerInside).webRtcServersForTesting) {
        for (const { protocol, packets } of (await server.dump()).receiveStats) {
          if (protocol === 'udp') {
            state.packets += packets;
          }
        }
      }
    }
    await this.#idle();
    for (const pid of this.#pids) {
      state.workersNs += processCpuNs(pid);
    }
    return state;
  }

  async #queue(): Promise<{ bytes: number; drops: number }> {
    return await udpQueue(...this.#ports);
  }

  get #pids(): number[] {
    return this.#server.pool.workers.map(({ worker }) => worker.pid);
  }
}

/** @returns the client's port, which is closed again */
async function checkIce(transport: Transport, port: number): Promise<number> {
  const peer = await IcePeer.open({ ip, port });
  const selected = once(transport, 'iceselectedtuplechange');
  const result = await peer.check(transport.iceParameters);
  if (result !== 'success') {
    throw new Error(`the ICE check failed: ${result}`);
  }
  await selected;
  const from = peer.remote.port;
  await peer.close();
  return from;
}

/** The certificate of a DTLS client that runs as openssl(1). */
export class DtlsCertificate {
  readonly #folder = mkdtempSync(join(tmpdir(), 'oneport-bench-'));
  readonly #certificate = createCertificate(this.#folder);

  /** SHA-256, in the format of SDP. */
  get fingerprint(): string {
    return this.#certificate.fingerprint;
  }

  /**
   * Completes a DTLS handshake at 127.0.0.1. The client ends without a close alert, so the transport stays connected.
   *
   * @param from - the port to bind, for which ICE has succeeded
   * @param to - the server's port
   * @returns the keying material of SRTP (RFC 5764, 4.2)
   * @throws Error when the handshake fails
   */
  async handshake(from: number, to: number): Promise<Buffer> {
    const { process: client, keyingMaterial } = spawnDtls(to, this.#certificate, from);
    const exit = once(client, 'exit');
    try {
      return await keyingMaterial;
    } finally {
      client.kill('SIGKILL');
      await exit;
    }
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true });
  }
}
