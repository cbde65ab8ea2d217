import { setTimeout as sleep } from 'node:timers/promises';
import { IcePeer } from '../../testkit/clients/ice-peer.ts';
import { TestPeer } from '../../testkit/clients/test-peer.ts';
import { type ServerProcess, startServerProcess } from '../../testkit/servers/server-process.ts';
import { isAsleep } from '../../testkit/system/is-asleep.ts';
import { udpQueue } from '../../testkit/system/udp-queue.ts';
import { Parts } from './parts.ts';

/** Bytes that no WebRTC protocol begins with: a worker finds whose they are, and drops them. */
const data = Buffer.alloc(100, 0xff);
const httpPort = 8080;
const firstPeerPort = 20_001;

/** Where workers choose ports by chance: MEDIASOUP_MIN_PORT and MEDIASOUP_MAX_PORT. */
export const randomPorts = { from: 40_000, to: 49_999 };

/** One side of a peer's: a transport, and the address that it is used from. */
export interface Leg {
  name: string;
  ufrag: string;
  ice: IcePeer;
}

/** A server with two workers, a room on each and two peers in each room, whose ICE is done. */
export class Call {
  readonly parts: Parts;
  readonly mediaPort: number;
  readonly legs: Leg[] = [];
  readonly #server: ServerProcess;
  readonly #httpPort: number;
  readonly #peers: TestPeer[] = [];
  #nextPort = firstPeerPort;

  /**
   * @param setting - MEDIASOUP_USE_WEBRTC_SERVER
   * @param mediaPort - MEDIASOUP_PORT; where it is HTTP_PORT too, the mode must allow that
   */
  static async start(setting: string, mediaPort: number, http = httpPort): Promise<Call> {
    const server = await startServerProcess({
      MEDIASOUP_USE_WEBRTC_SERVER: setting,
      MEDIASOUP_NUM_WORKERS: '2',
      MEDIASOUP_PORT: String(mediaPort),
      MEDIASOUP_MIN_PORT: String(randomPorts.from),
      MEDIASOUP_MAX_PORT: String(randomPorts.to),
      HTTP_PORT: String(http),
      LOG_LEVEL: 'error',
    });
    const call = new Call(server, mediaPort, http);
    // Rooms go to the worker with the fewest transports.
    for (const [peerId, roomId] of [
      ['alice', 'blue'],
      ['bob', 'green'],
      ['carol', 'blue'],
      ['dave', 'green'],
    ] as const) {
      await call.join(peerId, roomId);
    }
    return call;
  }

  private constructor(server: ServerProcess, mediaPort: number, http: number) {
    this.mediaPort = mediaPort;
    this.#server = server;
    this.#httpPort = http;
    this.parts = new Parts(server.process.pid ?? 0);
  }

  /** Lets a peer join and check its two transports. */
  async join(peerId: string, roomId: string): Promise<void> {
    const signalling = `ws://127.0.0.1:${this.#httpPort}/signalling`;
    const peer = await TestPeer.join({ signalling, roomId, peerId });
    this.#peers.push(peer);
    const { sendTransport, recvTransport } = await peer.welcome();
    for (const [direction, transport] of [
      ['sends', sendTransport],
      ['receives', recvTransport],
    ] as const) {
      const candidate = transport?.iceCandidates.find(({ protocol }) => protocol === 'udp');
      if (!transport || !candidate) {
        throw new Error(`${peerId} has no UDP candidate`);
      }
      const to = { ip: candidate.address ?? candidate.ip, port: candidate.port };
      const ice = await IcePeer.open(to, { port: this.#nextPort++ });
      const result = await ice.check(transport.iceParameters);
      if (result !== 'success') {
        throw new Error(`${peerId}'s check was answered ${result}`);
      }
      const ufrag = transport.iceParameters.usernameFragment;
      this.legs.push({ name: `${peerId} ${direction}`, ufrag, ice });
    }
  }

  /**
   * Data from the first peer, which is on worker 0. Each packet is sent when the one before has been
   * worked off, so that the numbers don't hang on how busy the machine is.
   */
  async sendPackets(count: number): Promise<void> {
    const [leg] = this.legs;
    const [worker = 0] = this.parts.workers;
    for (let i = 0; i < count; i++) {
      leg?.ice.send(data);
      do {
        await sleep(1);
      } while ((await udpQueue(this.mediaPort)).bytes > 0 || !isAsleep(worker));
    }
  }

  async stop(): Promise<void> {
    for (const { ice } of this.legs) {
      await ice.close();
    }
    for (const peer of this.#peers) {
      await peer.leave();
    }
    await this.#server.stop();
  }
}
