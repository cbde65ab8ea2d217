import { createWorker, type types } from 'mediasoup';
import { expect, onTestFinished } from 'vitest';
import { freePorts } from '../servers/free-ports.ts';
import { DtlsPeer } from './dtls-peer.ts';
import { IcePeer } from './ice-peer.ts';

/** Begins as DTLS does, and is long enough to be (RFC 7983, 7): a worker gives it to a transport, which drops it. */
export const data = Buffer.alloc(100, 22);

// The usual net.core.rmem_max, which the kernel doubles: with less, a test's burst of datagrams is more than a worker
// that the machine has no time for can leave waiting (a small one takes nearly 1 kB of it).
const recvBufferSize = 212_992;

const opus: types.RouterRtpCodecCapability = {
  kind: 'audio',
  mimeType: 'audio/opus',
  clockRate: 48_000,
  channels: 2,
};

/** For tests: a worker with a WebRtcServer, and nothing of ours beside. */
export class OnePort {
  readonly webRtcServer: types.WebRtcServer;
  readonly #router: types.Router;
  readonly #port: number;

  /** @param ips - where it listens, on one port number, for UDP and TCP */
  static async start(ips: string[] = ['127.0.0.1']): Promise<OnePort> {
    const workerBin = process.env.MEDIASOUP_WORKER_BIN;
    const worker = await createWorker({ logLevel: 'none', ...(workerBin && { workerBin }) });
    onTestFinished(() => worker.close());
    // Without a listener mediasoup throws it at nobody.
    worker.on('died', () => {});
    const port = await freePorts(1);
    const webRtcServer = await worker.createWebRtcServer({
      listenInfos: ips.flatMap((ip) => [
        { protocol: 'udp' as const, ip, port, recvBufferSize },
        { protocol: 'tcp' as const, ip, port },
      ]),
    });
    return new OnePort(webRtcServer, await worker.createRouter({ mediaCodecs: [opus] }), port);
  }

  private constructor(webRtcServer: types.WebRtcServer, router: types.Router, port: number) {
    this.webRtcServer = webRtcServer;
    this.#router = router;
    this.#port = port;
  }

  get address(): { ip: string; port: number } {
    return { ip: '127.0.0.1', port: this.#port };
  }

  transport(options: Partial<types.WebRtcTransportOptions> = {}): Promise<types.WebRtcTransport> {
    return this.#router.createWebRtcTransport({
      enableUdp: true,
      enableTcp: true,
      ...options,
      webRtcServer: this.webRtcServer,
    } as types.WebRtcTransportOptions);
  }

  async peer(): Promise<IcePeer> {
    const peer = await IcePeer.open(this.address);
    onTestFinished(() => peer.close());
    return peer;
  }

  /** Whose each tuple is, as the peers' ports; and how many ufrags are known. Needs the patched worker. */
  async tables(): Promise<{ tuples: Map<number, string>; ufrags: string[] }> {
    const { tuples, localIceUsernameFragments } = await this.webRtcServer.dump();
    return {
      tuples: new Map(
        tuples.map(({ tuple, webRtcTransportId }) => [tuple.remotePort ?? 0, webRtcTransportId]),
      ),
      ufrags: localIceUsernameFragments.map((one) => one.localIceUsernameFragment),
    };
  }

  /**
   * Sends these, and then a check that is answered. Datagrams of one socket arrive in order over loopback, so they
   * have been dealt with by then.
   *
   * @param check - of which transport; of one that nothing else is about, if the peer has none
   * @returns what came back beside the answer to the check
   */
  async answersTo(
    peer: IcePeer,
    datagrams: Buffer[],
    check?: types.WebRtcTransport,
  ): Promise<Buffer[]> {
    const { iceParameters } = check ?? (await this.transport());
    const before = peer.received.length;
    for (const datagram of datagrams) {
      peer.send(datagram);
    }
    expect(await peer.check(iceParameters)).toBe('success');
    return peer.received.slice(before, -1);
  }
}

/** For tests: bytes of data, not STUN, that were given to a transport. */
export async function dataBytes(transport: types.WebRtcTransport): Promise<number> {
  const [stats] = await transport.getStats();
  if (!stats) {
    throw new Error('a transport without statistics');
  }
  return stats.bytesReceived;
}

/** For tests: what the worker says of a transport's ICE, having done all that it was told before. */
export async function iceOf(
  transport: types.WebRtcTransport,
): Promise<{ state: types.IceState; remotePort: number | undefined }> {
  const [stats] = await transport.getStats();
  if (!stats) {
    throw new Error('a transport without statistics');
  }
  return { state: stats.iceState, remotePort: stats.iceSelectedTuple?.remotePort };
}

/** For tests: a transport's peer with two tuples, of which one is selected. */
export class TwoTuples {
  readonly selected: DtlsPeer;
  readonly other: DtlsPeer;
  readonly #transport: types.WebRtcTransport;

  static async of(transport: types.WebRtcTransport): Promise<TwoTuples> {
    const [selected, other] = [await DtlsPeer.openTo(transport), await DtlsPeer.openTo(transport)];
    const tuples = new TwoTuples(transport, selected, other);
    expect(await selected.check(transport.iceParameters)).toBe('success');
    await tuples.#mustAnswerOther();
    expect(await iceOf(transport)).toMatchObject({ remotePort: selected.port });
    return tuples;
  }

  private constructor(transport: types.WebRtcTransport, selected: DtlsPeer, other: DtlsPeer) {
    this.#transport = transport;
    this.selected = selected;
    this.other = other;
  }

  /** Whether a datagram that comes by the other tuple selects it. Then the one of before is selected again. */
  async selects(datagram: Buffer): Promise<boolean> {
    this.other.send(datagram);
    await this.#mustAnswerOther();
    const { remotePort } = await iceOf(this.#transport);
    if (remotePort === this.selected.port) {
      return false;
    }
    expect(remotePort).toBe(this.other.port);
    expect(await this.selected.check(this.#transport.iceParameters)).toBe('success');
    expect(await iceOf(this.#transport)).toMatchObject({ remotePort: this.selected.port });
    return true;
  }

  /** Selects nothing, and is answered when all that was sent before it has been dealt with. */
  async #mustAnswerOther(): Promise<void> {
    const { iceParameters } = this.#transport;
    const answer = await this.other.check(iceParameters, { without: ['useCandidate'] });
    expect(answer).toBe('success');
  }
}
