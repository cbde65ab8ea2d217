import assert from 'node:assert/strict';
import type { MediaWorker } from '../../server/src/media/media-worker.ts';
import type { Transport } from '../../server/src/ports/types.ts';
import type { IceCredentials } from '../../server/src/stun/stun-message.ts';
import { IcePeer, unknownData } from '../../testkit/clients/ice-peer.ts';
import { TestPeer } from '../../testkit/clients/test-peer.ts';
import type { TestServer } from '../../testkit/servers/test-server.ts';

/** The room of the bystanders, which the fuzzer joins too: they receive what it produces. */
export const bystandersRoom = 'bystanders';

/** Participants whose calls must not suffer from fuzzing. */
export interface Bystanders {
  /** An attacker can learn a ufrag, but no password. */
  readonly credentials: IceCredentials;
  /** Sends bytes from the bystanders' own addresses, as an attacker with a forged source address would. */
  forge(bytes: Buffer): void;
  /** Continues the calls. @throws AssertionError when media or messages are lost */
  check(): Promise<void>;
  leave(): Promise<void>;
}

/** More messages per second would exceed the rate limit. */
const chatEveryMs = 100;
/** Packets of each sender in each check. */
const packets = 3;

/** Peers in a room, and on each worker a peer that sends by UDP without DTLS and whose packets are counted. */
export class TestBystanders implements Bystanders {
  readonly #peers: [TestPeer, TestPeer];
  readonly #senders: Sender[];
  #chatted = 0;

  static async start(server: TestServer): Promise<TestBystanders> {
    const join = (peerId: string) =>
      TestPeer.join({ signalling: server.signalling, roomId: bystandersRoom, peerId });
    const peers: [TestPeer, TestPeer] = [await join('alice'), await join('bob')];
    for (const source of ['microphone', 'camera'] as const) {
      await peers[0].produce(source);
    }
    const senders = await Promise.all(server.pool.workers.map((worker) => Sender.start(worker)));
    return new TestBystanders(peers, senders);
  }

  private constructor(peers: [TestPeer, TestPeer], senders: Sender[]) {
    this.#peers = peers;
    this.#senders = senders;
  }

  get credentials(): IceCredentials {
    return {
      usernameFragment: this.#senders[0]?.transport.iceParameters.usernameFragment ?? '',
      password: 'unknown',
    };
  }

  forge(bytes: Buffer): void {
    for (const sender of this.#senders) {
      sender.forge(bytes);
    }
  }

  async check(): Promise<void> {
    const chats = Date.now() - this.#chatted > chatEveryMs;
    if (chats) {
      this.#chatted = Date.now();
    }
    await Promise.all([
      ...(chats ? this.#peers : []).map((peer) =>
        peer.request('sendChatMessage', { text: 'all is well' }),
      ),
      ...this.#senders.map((sender) => sender.check()),
    ]);
    // Otherwise TestPeer keeps every message.
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
      appData: { roomId: bystandersRoom, peerId: `sender-${worker.index}`, direction: 'send' },
    });
    const [candidate] = worker.ports.candidates(transport);
    assert(candidate, 'no candidate');
    const peer = await IcePeer.open({ ip: candidate.address, port: candidate.port });
    const sender = new Sender(transport, peer);
    await sender.check();
    return sender;
  }

  private constructor(transport: Transport, peer: IcePeer) {
    this.transport = transport;
    this.#peer = peer;
  }

  forge(bytes: Buffer): void {
    this.#peer.send(bytes);
  }

  async check(): Promise<void> {
    // A socket's datagrams are processed in order: a response means that all earlier ones are done.
    const before = await this.#received();
    for (let i = 0; i < packets; i++) {
      this.#peer.send(unknownData);
    }
    const lost = packets - ((await this.#received()) - before) / unknownData.length;
    assert.equal(lost, 0, `a bystander lost ${lost} of ${packets} packets`);
    assert.match(this.transport.iceState, /^(connected|completed)$/);
    assert.equal(this.transport.iceSelectedTuple?.remotePort, this.#peer.remote.port);
    this.#peer.received.splice(0);
  }

  async stop(): Promise<void> {
    this.transport.close();
    await this.#peer.close();
  }

  /** Bytes received up to now, without STUN. */
  async #received(): Promise<number> {
    assert.equal(await this.#peer.check(this.transport.iceParameters), 'success');
    const [stats] = await this.transport.getStats();
    return stats?.bytesReceived ?? 0;
  }
}
