import { expect } from 'vitest';
import type { MediaWorker } from '../../server/src/media/media-worker.ts';
import type { Transport } from '../../server/src/ports/types.ts';
import type { IcePeer, Sent } from './ice-peer.ts';
import { unknownData } from './ice-peer.ts';

/** For tests: a transport and its peer, with the count of all that was sent to it. */
export class Call {
  readonly worker: MediaWorker;
  readonly transport: Transport;
  readonly sent: Sent = { packets: 0, dataBytes: 0 };
  #peer: IcePeer;

  /**
   * @param worker - whose transport it shall be
   * @param peer - whose it shall be: what it sends from now on is counted for this call
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

  /** A Binding Request with what the transport's ICE parameters are now. */
  async check(ice = this.transport.iceParameters): Promise<void> {
    expect(await this.#peer.check(ice)).toBe('success');
  }

  send(): void {
    this.#peer.send(unknownData);
  }

  /** The peer has another address from now on. @returns its socket at the old one */
  async move(peer: IcePeer): Promise<IcePeer> {
    const before = this.#peer;
    this.#peer = peer;
    peer.sent = this.sent;
    await this.check();
    return before;
  }

  /** An ICE restart: the old ufrag is answered to until the new one is seen. */
  async restart(): Promise<void> {
    const before = this.transport.iceParameters;
    await this.worker.ports.restartIce(this.transport);
    await this.check(before);
    await this.check();
  }

  /** What the worker says that this transport has received, STUN apart. */
  async dataBytesReceived(): Promise<number | undefined> {
    const [stats] = await this.transport.getStats();
    return stats?.bytesReceived;
  }
}

/** One for each worker is enough. */
const routers = new WeakMap<MediaWorker, ReturnType<MediaWorker['createRouter']>>();
