/** Calls whose packets are all counted, to test that they lose none. */
import { expect, onTestFinished } from 'vitest';
import type { MediaWorker } from '../../server/src/media/media-worker.ts';
import type { SteeringGroup } from '../../server/src/ports/shared-port/steering/steering-group.ts';
import type { Transport } from '../../server/src/ports/types.ts';
import { type SharedServer, startSharedServer } from '../servers/shared-port.ts';
import type { TestServer } from '../servers/test-server.ts';
import { receivedByUdp } from '../servers/worker-state.ts';
import { IcePeer, type Sent, unknownData } from './ice-peer.ts';
import { TestPeer } from './test-peer.ts';

/** A transport of a worker and its peer. */
export class Call {
  readonly worker: MediaWorker;
  readonly transport: Transport;
  /** All packets that were sent to the transport. */
  readonly sent: Sent = { packets: 0, dataBytes: 0 };
  #peer: IcePeer;

  /**
   * @param worker - opens the transport
   * @param peer - what it sends from now on is counted for this call
   */
  static async start(worker: MediaWorker, peer: IcePeer): Promise<Call> {
    const router = routers.get(worker) ?? worker.createRouter();
    routers.set(worker, router);
    const transport = await worker.ports.createTransport(await router, {
      protocols: ['udp'],
      enableSctp: false,
      appData: { roomId: 'room', peerId: 'peer', direction: 'send' },
    });
    const call = new Call(worker, transport, peer);
    await call.check();
    return call;
  }

  private constructor(worker: MediaWorker, transport: Transport, peer: IcePeer) {
    this.worker = worker;
    this.transport = transport;
    this.#peer = peer;
    peer.sent = this.sent;
  }

  get peer(): IcePeer {
    return this.#peer;
  }

  /** Sends a Binding Request, by default with the transport's present credentials. */
  async check(ice = this.transport.iceParameters): Promise<void> {
    expect(await this.#peer.check(ice)).toBe('success');
  }

  send(): void {
    this.#peer.send(unknownData);
  }

  /** Moves the peer to another address. @returns its socket at the old one */
  async move(peer: IcePeer): Promise<IcePeer> {
    const before = this.#peer;
    this.#peer = peer;
    peer.sent = this.sent;
    await this.check();
    return before;
  }

  /** Restarts ICE. The old ufrag is valid until the first request with the new one. */
  async restart(): Promise<void> {
    const before = this.transport.iceParameters;
    await this.worker.ports.restartIce(this.transport);
    await this.check(before);
    await this.check();
  }

  /** The bytes that the transport has received, without STUN. */
  async dataBytesReceived(): Promise<number | undefined> {
    const [stats] = await this.transport.getStats();
    return stats?.bytesReceived;
  }
}

/** One for each worker is enough. */
const routers = new WeakMap<MediaWorker, ReturnType<MediaWorker['createRouter']>>();

/** A peer in a room, by signalling, that sends packets while the test does something else. */
export class RoomCall {
  readonly peer: TestPeer;
  readonly #server: TestServer;
  readonly #transportId: string;
  readonly #media: IcePeer;
  /** The bytes of the first request: in multi-port a transport counts them too. */
  #before = 0;

  /** Joins and connects ICE over UDP. */
  static async start(server: TestServer, roomId = 'inside'): Promise<RoomCall> {
    const peer = await TestPeer.join({
      signalling: server.signalling,
      roomId,
      query: { consume: '0' },
    });
    const { sendTransport } = await peer.welcome();
    const candidate = sendTransport?.iceCandidates.find(({ protocol }) => protocol === 'udp');
    if (!sendTransport || !candidate) {
      throw new Error('no transport with a UDP candidate');
    }
    const media = await IcePeer.open({ ip: candidate.address, port: candidate.port });
    expect(await media.check(sendTransport.iceParameters)).toBe('success');
    const call = new RoomCall(server, peer, sendTransport.transportId, media);
    call.#before = (await call.#received()) ?? 0;
    return call;
  }

  private constructor(server: TestServer, peer: TestPeer, transportId: string, media: IcePeer) {
    this.peer = peer;
    this.#server = server;
    this.#transportId = transportId;
    this.#media = media;
  }

  /** Expects responses to requests, and every packet sent so far to arrive. */
  async expectUnaffected(): Promise<void> {
    for (let n = 0; n < 10; n++) {
      this.#media.send(unknownData);
    }
    await this.peer.request('sendChatMessage', { text: 'all is well' });
    await expect.poll(() => this.#received()).toBe(this.#before + this.#media.sent.dataBytes);
  }

  async end(): Promise<void> {
    await this.peer.leave();
    await this.#media.close();
  }

  async #received(): Promise<number | undefined> {
    for (const { traffic } of this.#server.pool.workers) {
      const transport = traffic.get(this.#transportId);
      if (transport) {
        return (await transport.measure()).bytesIn;
      }
    }
    return undefined;
  }
}

/** A packet of an attacker. */
export interface Forged {
  from: IcePeer;
  bytes: Buffer;
}

type Counts = Record<string, number>;

/** The counters during an attack, without the calls' own packets and without zeros. */
export interface Outcome {
  /** Those of the eBPF program (layout.ts). */
  kernel: Counts;
  /** The sums of all workers (docs/webrtc-server-dump.md). */
  workers: Counts;
}

/** The eBPF program counts each datagram that no worker receives as one of these. */
const dropReasons = [
  'stunMalformed',
  'stunUnknownUfrag',
  'dataUnknownTuple',
  'noWorker',
  'unreadable',
  'stunTupleInUse',
] as const;

/** So many packets fit into a socket's buffer together with those of the calls. */
const burst = 50;

/** Calls over IPv4 and IPv6 on all workers of a shared port, during an attack. */
export class CallsUnderAttack {
  readonly server: SharedServer;
  readonly calls: Call[] = [];
  readonly #workers: readonly MediaWorker[];
  #turn = 0;

  /** @param each - the number of calls for each worker and address */
  static async start(each: number): Promise<CallsUnderAttack> {
    const ips = ['127.0.0.1', '::1'];
    const server = await startSharedServer({
      MEDIASOUP_LISTEN_IP: ips.join(),
      MEDIASOUP_NUM_WORKERS: '2',
    });
    const all = new CallsUnderAttack(server);
    for (const worker of server.pool.workers) {
      for (const ip of ips) {
        for (let n = 0; n < each; n++) {
          all.calls.push(await Call.start(worker, await all.peer(ip)));
        }
      }
    }
    // The worker responds before the server has verified the tuple.
    for (const { transport } of all.calls) {
      await expect.poll(() => transport.iceSelectedTuple).toBeDefined();
    }
    return all;
  }

  private constructor(server: SharedServer) {
    this.server = server;
    this.#workers = server.pool.workers;
  }

  get groups(): readonly SteeringGroup[] {
    return this.server.ports.steering.groups;
  }

  /** A socket to an address of the server, by default at an address without a call. */
  async peer(ip: string, from: { ip?: string; port?: number } = {}): Promise<IcePeer> {
    const peer = await IcePeer.open({ ip, port: this.server.mediaPort }, from);
    onTestFinished(() => peer.close());
    return peer;
  }

  /** The tuples and ufrags in the steering tables. */
  tables() {
    return {
      ufrags: this.server.ports.steering.tables.readUfragsForTesting(),
      tuples: this.groups.map((group) =>
        group
          .readTuplesForTesting()
          .map(({ remote, owner }) => ({ ...remote, ...owner }))
          .sort((a, b) => a.address.localeCompare(b.address) || a.port - b.port),
      ),
    };
  }

  /** Lets each call send one packet: a Binding Request for one call of each worker and address. */
  async goOn(): Promise<void> {
    const checking = new Map<string, Call>();
    this.#turn += 1;
    for (let n = 0; n < this.calls.length; n++) {
      const call = this.calls[(n + this.#turn) % this.calls.length] as Call;
      const where = `${call.worker.index} ${call.peer.to.ip}`;
      if (checking.has(where)) {
        call.send();
      } else {
        checking.set(where, call);
      }
    }
    await Promise.all([...checking.values()].map((call) => call.check()));
  }

  /**
   * Sends packets while the calls go on, and expects that the calls lose nothing.
   *
   * @param packets - from strangers, or from a call's own socket, which is what a forged source looks like
   * @returns how they were counted
   */
  async suffer(packets: readonly Forged[]): Promise<Outcome> {
    const before = await this.#count();
    for (let at = 0; at < packets.length; at += burst) {
      for (const { from, bytes } of packets.slice(at, at + burst)) {
        const { sent } = from;
        from.sent = { packets: 0, dataBytes: 0 };
        from.send(bytes);
        from.sent = sent;
      }
      await this.goOn();
    }
    await this.goOn();

    const outcome = async () => difference(await this.#count(), before);
    await expect
      .poll(async () => {
        const { kernel, workers } = await outcome();
        const arrived = workers.packets ?? 0;
        const steered = (kernel.stunSteered ?? 0) + (kernel.dataSteered ?? 0);
        const dropped = dropReasons.reduce((sum, reason) => sum + (kernel[reason] ?? 0), 0);
        return { arrived, all: steered + dropped, missing: steered - arrived };
      })
      .toMatchObject({ all: packets.length, missing: 0 });
    await this.expectUnaffected();
    return await outcome();
  }

  /** Expects that every packet of the calls has reached its transport, and that no worker was replaced. */
  async expectUnaffected(): Promise<void> {
    expect(this.server.pool.workers).toEqual(this.#workers);
    for (const call of this.calls) {
      await expect.poll(() => call.dataBytesReceived()).toBe(call.sent.dataBytes);
      expect(call.transport.iceState).toMatch(/^(connected|completed)$/);
    }
  }

  /** All counters, without the packets of the calls. */
  async #count(): Promise<Outcome> {
    const kernel = sum(this.groups.map((group) => group.counters()));
    const workers = sum(
      await Promise.all(
        this.#workers.map(async ({ worker }) => {
          const { protocol, bytes, ...counts } = await receivedByUdp(worker);
          return counts;
        }),
      ),
    );
    for (const { sent } of this.calls) {
      const datagrams = sent.dataBytes / unknownData.length;
      kernel.dataSteered = (kernel.dataSteered ?? 0) - datagrams;
      kernel.stunSteered = (kernel.stunSteered ?? 0) - (sent.packets - datagrams);
      workers.packets = (workers.packets ?? 0) - sent.packets;
    }
    return { kernel, workers };
  }
}

function sum(all: Counts[]): Counts {
  const total: Counts = {};
  for (const counts of all) {
    for (const [name, count] of Object.entries(counts)) {
      total[name] = (total[name] ?? 0) + count;
    }
  }
  return total;
}

function difference(after: Outcome, before: Outcome): Outcome {
  const subtract = (a: Counts, b: Counts) =>
    Object.fromEntries(
      Object.entries(a)
        .map(([name, count]) => [name, count - (b[name] ?? 0)] as const)
        .filter(([, count]) => count !== 0),
    );
  return {
    kernel: subtract(after.kernel, before.kernel),
    workers: subtract(after.workers, before.workers),
  };
}
