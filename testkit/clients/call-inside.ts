import { expect } from 'vitest';
import type { TestServer } from '../servers/test-server.ts';
import { IcePeer, unknownData } from './ice-peer.ts';
import { TestPeer } from './test-peer.ts';

/** For tests: a peer in a room that sends packets, while others do what they may not. */
export class CallInside {
  readonly peer: TestPeer;
  readonly #server: TestServer;
  readonly #transportId: string;
  readonly #media: IcePeer;
  /** Bytes that the check took: in multi-port a transport counts them too. */
  #before = 0;

  /** Joins, and is connected by ICE over UDP. */
  static async start(server: TestServer, roomId = 'inside'): Promise<CallInside> {
    const peer = await TestPeer.join({
      signalling: server.signalling,
      roomId,
      query: { consume: '0' },
    });
    const { sendTransport } = await peer.welcome();
    const candidate = sendTransport?.iceCandidates.find(({ protocol }) => protocol === 'udp');
    if (!sendTransport || !candidate) {
      throw new Error('no transport by UDP');
    }
    const media = await IcePeer.open({ ip: candidate.address, port: candidate.port });
    expect(await media.check(sendTransport.iceParameters)).toBe('success');
    const inside = new CallInside(server, peer, sendTransport.transportId, media);
    inside.#before = (await inside.#received()) ?? 0;
    return inside;
  }

  private constructor(server: TestServer, peer: TestPeer, transportId: string, media: IcePeer) {
    this.#server = server;
    this.peer = peer;
    this.#transportId = transportId;
    this.#media = media;
  }

  /** Requests are answered, and every packet that was sent so far has arrived. */
  async goesOn(): Promise<void> {
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
