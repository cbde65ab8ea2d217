import assert from 'node:assert/strict';
import type { MediaWorker } from '../../server/src/media/media-worker.ts';
import type { Transport } from '../../server/src/ports/types.ts';
import type { IceCredentials } from '../../server/src/stun/stun-message.ts';
import { IcePeer, unknownData } from '../../testkit/clients/ice-peer.ts';
import { TestPeer } from '../../testkit/clients/test-peer.ts';
import type { TestServer } from '../../testkit/servers/test-server.ts';

/** Those whose calls must not suffer from what the fuzzer sends. */
export interface Innocents {
  /** The room that the fuzzer joins too: what it produces, they receive. */
  readonly roomId: string;
  /** Their ufrags are no secret. */
  readonly credentials: IceCredentials;
  /** Sends as if they had sent it, which is what a forged source looks like to the server. */
  forge(bytes: Buffer): void;
  /** They go on with their calls, and see that nothing of these is lost. @throws when something is */
  goOn(): Promise<void>;
  leave(): Promise<void>;
}

/** More messages a second would be a flood (socketLimits). */
const chatEveryMs = 100;
/** How many of them each sends at a time. */
const packets = 3;

/** Peers in a room, and on each worker a peer that sends by UDP without DTLS, of which every packet is counted. */
export class TestInnocents implements Innocents {
  readonly roomId = 'innocents';
  readonly #peers: [TestPeer, TestPeer];
  readonly #senders: Sender[];
  #chatted = 0;

  static async start(server: TestServer): Promise<TestInnocents> {
    const join = (peerId: string) =>
      TestPeer.join({ signalling: server.signalling, roomId: 'innocents', peerId });
    const peers: [TestPeer, TestPeer] = [await join('alice'), await join('bob')];
    for (const source of ['microphone', 'camera'] as const) {
      await peers[0].produce(source);
    }
    const senders = await Promise.all(server.pool.workers.map((worker) => Sender.start(worker)));
    return new TestInnocents(peers, senders);
  }

  private constructor(peers: [TestPeer, TestPeer], senders: Sender[]) {
    this.#peers = peers;
    this.#senders = senders;
  }

  get credentials(): IceCredentials {
    return {
      usernameFragment: this.#senders[0]?.transport.iceParameters.usernameFragment ?? '',
      password: 'not it',
    };
  }

  forge(bytes: Buffer): void {
    for (const sender of this.#senders) {
      sender.forge(bytes);
    }
  }

  async goOn(): Promise<void> {
    const chats = Date.now() - this.#chatted > chatEveryMs;
    if (chats) {
      this.#chatted = Date.now();
    }
    await Promise.all([
      ...(chats ? this.#peers : []).map((peer) =>
        peer.request('sendChatMessage', { text: 'all is well' }),
      ),
      ...this.#senders.map((sender) => sender.goOn()),
    ]);
    // All that they were told was kept for tests that look at it.
    for (const { frames, batches } of this.#peers) {
      frames.splice(0, frames.length - 50);
      batches.splice(0);
    }
  }

  async leave(): Promise<void> {
    await Promise.all(this.#peers.map((peer) => peer.leave()));
    await Promise.all(this.#senders.map((sender) => sender.stop()));
  }
}

class Sender {
  readonly transport: Transport;
  readonly #peer: IcePeer;

  static async start(worker: MediaWorker): Promise<Sender> {
    const transport = await worker.ports.createTransport(await worker.createRouter(), {
      protocols: ['udp'],
      enableSctp: false,
      appData: { roomId: 'innocents', peerId: `sender-${worker.index}`, direction: 'send' },
    });
    const [candidate] = worker.ports.candidates(transport);
    assert(candidate, 'no candidate');
    const peer = await IcePeer.open({ ip: candidate.address, port: candidate.port });
    const sender = new Sender(transport, peer);
    await sender.goOn();
    return sender;
  }

  private constructor(transport: Transport, peer: IcePeer) {
    this.transport = transport;
    this.#peer = peer;
  }

  forge(bytes: Buffer): void {
    this.#peer.send(bytes);
  }

  async goOn(): Promise<void> {
    // A socket's datagrams are worked off in order: what is answered has all before it behind it.
    const before = await this.#received();
    for (let i = 0; i < packets; i++) {
      this.#peer.send(unknownData);
    }
    const lost = packets - ((await this.#received()) - before) / unknownData.length;
    assert.equal(lost, 0, `an innocent lost ${lost} of ${packets} packets`);
    assert.match(this.transport.iceState, /^(connected|completed)$/);
    assert.equal(this.transport.iceSelectedTuple?.remotePort, this.#peer.remote.port);
    this.#peer.received.splice(0);
  }

  async stop(): Promise<void> {
    this.transport.close();
    await this.#peer.close();
  }

  /** Bytes up to now, STUN apart. */
  async #received(): Promise<number> {
    assert.equal(await this.#peer.check(this.transport.iceParameters), 'success');
    const [stats] = await this.transport.getStats();
    return stats?.bytesReceived ?? 0;
  }
}
