import type { types } from 'mediasoup';
import { expect, onTestFinished } from 'vitest';
import { DtlsPeer } from '../clients/dtls-peer.ts';
import { IcePeer } from '../clients/ice-peer.ts';
import { freePorts } from './free-ports.ts';
import { startTestWorker } from './test-worker.ts';

/** Looks like DTLS by its first byte and its length (RFC 7983, 7): a transport receives and drops it. */
export const dtlsLikeData = Buffer.alloc(100, 22);

// The usual net.core.rmem_max, which the kernel doubles. With less, a burst of datagrams overflows the receive buffer of
// a worker that is not scheduled: a small datagram uses nearly 1 kB of it.
const recvBufferSize = 212_992;

const opus: types.RouterRtpCodecCapability = {
  kind: 'audio',
  mimeType: 'audio/opus',
  clockRate: 48_000,
  channels: 2,
};

/** A worker with a WebRtcServer, without any code of the server. It is closed when the test has finished. */
export class WebRtcServerHost {
  readonly webRtcServer: types.WebRtcServer;
  readonly #router: types.Router;
  readonly #port: number;

  /** @param ips - bound with one port number, for UDP and TCP */
  static async start(ips: string[] = ['127.0.0.1']): Promise<WebRtcServerHost> {
    const worker = await startTestWorker({ logLevel: 'none' });
    const port = await freePorts(1);
    const webRtcServer = await worker.createWebRtcServer({
      listenInfos: ips.flatMap((ip) => [
        { protocol: 'udp' as const, ip, port, recvBufferSize },
        { protocol: 'tcp' as const, ip, port },
      ]),
    });
    return new WebRtcServerHost(
      webRtcServer,
      await worker.createRouter({ mediaCodecs: [opus] }),
      port,
    );
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

  /** The transport ids of all tuples by the peers' ports, and all ufrags. Needs a patched worker. */
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
   * Sends datagrams, and then a request that is answered. Over loopback, datagrams of one socket arrive in
   * order, so all have been processed by then.
   *
   * @param check - the transport of the request, by default a new one
   * @returns what was received besides the response to the request
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

/** The bytes that a transport has received, without STUN. */
export async function dataBytes(transport: types.WebRtcTransport): Promise<number> {
  const [stats] = await transport.getStats();
  if (!stats) {
    throw new Error('the transport has no statistics');
  }
  return stats.bytesReceived;
}

/** A transport's ICE state in the worker, after all earlier requests to it have been processed. */
export async function iceOf(
  transport: types.WebRtcTransport,
): Promise<{ state: types.IceState; remotePort: number | undefined }> {
  const [stats] = await transport.getStats();
  if (!stats) {
    throw new Error('the transport has no statistics');
  }
  return { state: stats.iceState, remotePort: stats.iceSelectedTuple?.remotePort };
}

/** The peer of a transport with two tuples, of which one is selected. */
export class TwoTuples {
  readonly selected: DtlsPeer;
  readonly other: DtlsPeer;
  readonly #transport: types.WebRtcTransport;

  static async of(transport: types.WebRtcTransport): Promise<TwoTuples> {
    const [selected, other] = [await DtlsPeer.openTo(transport), await DtlsPeer.openTo(transport)];
    const tuples = new TwoTuples(transport, selected, other);
    expect(await selected.check(transport.iceParameters)).toBe('success');
    await tuples.#expectResponseToOther();
    expect(await iceOf(transport)).toMatchObject({ remotePort: selected.port });
    return tuples;
  }

  private constructor(transport: types.WebRtcTransport, selected: DtlsPeer, other: DtlsPeer) {
    this.#transport = transport;
    this.selected = selected;
    this.other = other;
  }

  /** Whether a datagram from the other tuple selects that tuple. If so, selects the first one again. */
  async selects(datagram: Buffer): Promise<boolean> {
    this.other.send(datagram);
    await this.#expectResponseToOther();
    const { remotePort } = await iceOf(this.#transport);
    if (remotePort === this.selected.port) {
      return false;
    }
    expect(remotePort).toBe(this.other.port);
    expect(await this.selected.check(this.#transport.iceParameters)).toBe('success');
    expect(await iceOf(this.#transport)).toMatchObject({ remotePort: this.selected.port });
    return true;
  }

  /** Selects nothing. The response shows that all earlier datagrams have been processed. */
  async #expectResponseToOther(): Promise<void> {
    const { iceParameters } = this.#transport;
    const answer = await this.other.check(iceParameters, { without: ['useCandidate'] });
    expect(answer).toBe('success');
  }
}

/** Two transports of one WebRtcServer. */
export async function twoTransports(): Promise<[types.WebRtcTransport, types.WebRtcTransport]> {
  const host = await WebRtcServerHost.start();
  return [await host.transport(), await host.transport()];
}
