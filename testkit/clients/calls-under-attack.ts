import { expect, onTestFinished } from 'vitest';
import type { MediaWorker } from '../../server/src/media/media-worker.ts';
import type { SharedPort } from '../../server/src/ports/shared-port/shared-port.ts';
import type { SteeringGroup } from '../../server/src/ports/shared-port/steering/steering-group.ts';
import { receivedByUdp, startSharedServer } from '../servers/shared-server.ts';
import type { TestServer } from '../servers/test-server.ts';
import { Call } from './call.ts';
import { IcePeer, unknownData } from './ice-peer.ts';

/** What somebody sends who means no good. */
export interface Forged {
  from: IcePeer;
  bytes: Buffer;
}

/** What an attack has come to, the calls' own packets taken off. */
export interface Outcome {
  /** The kernel's (counters.ts). Those that are 0 are left out. */
  kernel: Counts;
  /** The workers', added up (docs/webrtc-server-dump.md), likewise. */
  workers: Counts;
}

/** Each datagram that the kernel lets no worker have is counted as one of these. */
const dropReasons = [
  'stunMalformed',
  'stunUnknownUfrag',
  'dataUnknownTuple',
  'noWorker',
  'unreadable',
  'stunTupleInUse',
] as const;

/** So few that a socket's buffer takes them, with the calls' own. */
const burst = 50;

/** For tests: calls by IPv4 and IPv6 on all workers of a shared port, while somebody does harm. */
export class CallsUnderAttack {
  readonly server: TestServer & { ports: SharedPort };
  readonly calls: Call[] = [];
  readonly #workers: readonly MediaWorker[];
  #turn = 0;

  /** @param each - how many calls for each worker and address */
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
    // A check is answered before the server hears of it, which makes the address the call's own.
    for (const { transport } of all.calls) {
      await expect.poll(() => transport.iceSelectedTuple).toBeDefined();
    }
    return all;
  }

  private constructor(server: TestServer & { ports: SharedPort }) {
    this.server = server;
    this.#workers = server.pool.workers;
  }

  get groups(): readonly SteeringGroup[] {
    return this.server.ports.steering.groups;
  }

  /** A socket towards an address of the server's, by default one that has no part in any call. */
  async peer(ip: string, from: { ip?: string; port?: number } = {}): Promise<IcePeer> {
    const peer = await IcePeer.open({ ip, port: this.server.mediaPort }, from);
    onTestFinished(() => peer.close());
    return peer;
  }

  /** Whose addresses the kernel's tables hold, and which ufrags. */
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

  /** Each call sends one packet, one of them a check for each worker and address. */
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
   * Sends all that while the calls go on, and sees that these lose nothing, and no worker.
   *
   * @param packets - from strangers, or from a call's own socket, which is what a forged source looks like
   * @returns what became of them
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
    await this.areWell();
    return await outcome();
  }

  /** Every packet that the calls have sent has reached its transport, and the workers are those of the beginning. */
  async areWell(): Promise<void> {
    expect(this.server.pool.workers).toEqual(this.#workers);
    for (const call of this.calls) {
      await expect.poll(() => call.dataBytesReceived()).toBe(call.sent.dataBytes);
      expect(call.transport.iceState).toMatch(/^(connected|completed)$/);
    }
  }

  /** All that was counted since the start, without what the calls sent. */
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

type Counts = Record<string, number>;

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
