import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { types } from 'mediasoup';
import type { Transport } from '../server/src/ports/types.ts';
import { bindingRequest } from '../server/src/stun/stun-message.ts';
import { IcePeer } from '../testkit/clients/ice-peer.ts';
import { rtpCapabilities, rtpParametersFor } from '../testkit/clients/media-parameters.ts';
import { SrtpSender } from '../testkit/clients/srtp.ts';
import { startTestServer, type TestServer } from '../testkit/servers/test-server.ts';
import { isAsleep } from '../testkit/system/is-asleep.ts';
import { udpQueue } from '../testkit/system/udp-queue.ts';
import { processCpuNs, threadCpuNs } from './cpu-time.ts';
import { DatagramSender, type Prepared, prepare } from './datagram-sender.ts';
import type { DtlsCertificate } from './dtls-keys.ts';

const ip = '127.0.0.1';
/** Opus at 40 kbit/s. */
const payload = Buffer.alloc(100, 0x5a);
/** As long as SRTP of it, and nothing that WebRTC knows: a worker finds whose it is, and drops it. */
const unknown = Buffer.alloc(payload.length + 28, 0xff);
/** So few for each worker that a socket's usual buffer takes them. */
const burstForWorker = 180;

/** What the packets are: SRTP is decrypted by the worker, and sent to another peer. */
export type Kind = 'srtp' | 'unknown';

export interface Run {
  /** What the workers got. */
  packets: number;
  lost: number;
  /** From the first packet sent to the last received. */
  seconds: number;
  /** CPU time of sender and workers, in ns for each packet that they got. */
  cpuNs: number;
}

interface Peer {
  transport: Transport;
  producer: types.Producer;
  sender: DatagramSender;
  srtp: SrtpSender;
}

/** mediasoup's class has it, its interface doesn't. */
interface WorkerInside {
  webRtcServersForTesting: Set<types.WebRtcServer>;
}

/** A server in a port mode, with peers on all of its workers that have done ICE and DTLS. */
export class PortSubject {
  readonly #server: TestServer;
  readonly #peers: Peer[];
  readonly #ports: Set<number>;
  /** Whether workers count what they receive: those of multi-port have no WebRtcServer that would. */
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
   * @param workers - how many
   * @param peersOfWorker - how many each has, in one room; each receives from the one before it
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

  /** Otherwise a mistake in our SRTP would make all that follows cheap. @throws Error */
  async #mustBeMedia(): Promise<void> {
    const { packets } = await this.inBursts('srtp', 10 * this.#peers.length);
    for (const { producer } of this.#peers) {
      const count = (await producer.getStats())[0]?.packetCount;
      if (count !== 10) {
        throw new Error(`a producer got ${count} of 10 packets, of ${packets}`);
      }
    }
  }

  /** Bursts, each begun when the one before has been worked off, and sent to workers that stand still. */
  async inBursts(kind: Kind, packets: number): Promise<Run> {
    const [prepared, ofPeer] = this.#prepare(kind, packets);
    const inBurst = Math.floor(
      (burstForWorker * this.#server.pool.workers.length) / prepared.length,
    );
    return this.#measure(async (send) => {
      // Stopped while a burst is sent, so that it always finds the same: otherwise it is the machine's scheduler
      // that decides how often a worker is woken, and that costs more than what is measured.
      for (let first = 0; first < ofPeer; first += inBurst) {
        this.#signal('SIGSTOP');
        for (const [i, one] of prepared.entries()) {
          send(i, one, first, Math.min(inBurst, ofPeer - first));
        }
        this.#signal('SIGCONT');
        await this.#worked();
      }
    });
  }

  /** As fast as the kernel takes them, whether the workers keep up or not. */
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

  /** Binding Requests alone, for what the program takes for one. */
  async checks(rounds: number): Promise<void> {
    for (let round = 0; round < rounds; round++) {
      for (const { sender, transport } of this.#peers) {
        sender.send(prepare([bindingRequest(transport.iceParameters)]), 0, 1);
      }
      await this.#worked();
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
    // Consent (RFC 7675) for as long as this takes.
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
    await this.#worked();
    const seconds = (performance.now() - start) / 1000;
    const after = await this.#state();
    const packets = after.packets - before.packets;
    const cpuNs = (sendingNs + after.workersNs - before.workersNs) / packets;
    return { packets, lost: after.drops - before.drops, seconds, cpuNs };
  }

  /** Waits until the workers have nothing to do. */
  async #worked(): Promise<void> {
    const { workers } = this.#server.pool;
    while (
      (await this.#queue()).bytes > 0 ||
      !workers.every(({ worker }) => isAsleep(worker.pid))
    ) {
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
    await this.#worked();
    for (const { worker } of this.#server.pool.workers) {
      state.workersNs += processCpuNs(worker.pid);
    }
    return state;
  }

  async #queue(): Promise<{ bytes: number; drops: number }> {
    return await udpQueue(...this.#ports);
  }

  #signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    for (const { worker } of this.#server.pool.workers) {
      process.kill(worker.pid, signal);
    }
  }
}

/** @returns the port that it was done from, which is free again */
async function checkIce(transport: Transport, port: number): Promise<number> {
  const peer = await IcePeer.open({ ip, port });
  const selected = once(transport, 'iceselectedtuplechange');
  const result = await peer.check(transport.iceParameters);
  if (result !== 'success') {
    throw new Error(`ICE was answered ${result}`);
  }
  await selected;
  const from = peer.remote.port;
  await peer.close();
  return from;
}
