import type { ConsumerOffer, RtpCapabilities, Transport, Welcome } from '@oneport/protocol';
import { TestPeer } from '../../testkit/clients/test-peer.ts';
import { captureTimeUri, Publication } from './publication.ts';
import { type PacketCounts, ReceivedStream } from './received-stream.ts';
import type { VideoCodec } from './recording.ts';
import { parseFeedback, writeNack } from './rtcp.ts';
import { RtpConnection } from './rtp-connection.ts';
import { isRtcp, type NtpClock, parseRtp } from './rtp-packet.ts';
import { type SizeCounts, SizeRuns } from './size-runs.ts';

/** A stream without a packet for so long is silent. Opus with DTX sends one at least every 400 ms. */
const silentAfterMs = 2000;
const joinWithinMs = 20_000;
/** Without them, mediasoup sends the preferred layers without estimating bandwidth: the load stays the same. */
const congestionControl = ['transport-cc', 'goog-remb'];

/** A microphone and a camera with this codec, a microphone alone, or a camera's largest layer alone. */
export type Published = VideoCodec | 'opus' | 'vp8-top';

export interface LoadPeerOptions {
  /** The URL of the WebSocket, without its query. */
  signalling: string;
  verifyTls: boolean;
  token?: string | undefined;
  roomId: string;
  peerId: string;
  /** Undefined: the peer only receives. */
  publish: Published | undefined;
  /** The spatial layer that it prefers to receive; undefined: the highest. */
  layer: number | undefined;
  clock: NtpClock;
  /** Added to by all of its streams. */
  counts: PacketCounts;
  sizes: SizeCounts;
  onDelay(ms: number): void;
  onLate(ms: number): void;
  /** Called once, when the peer has joined and loses its socket, its media connection or its room's worker. */
  onLost(reason: string): void;
}

/** A peer that publishes recordings and checks what it receives. */
export class LoadPeer {
  readonly publications: readonly Publication[];
  readonly streams: ReceivedStream[] = [];
  readonly #options: LoadPeerOptions;
  readonly #signalling: TestPeer;
  readonly #welcome: Welcome;
  readonly #sending: RtpConnection | undefined;
  readonly #receiving: RtpConnection;
  /** By their own SSRCs and those of their retransmissions. */
  readonly #bySsrc: Map<number, ReceivedStream>;
  readonly #byRtxSsrc: Map<number, ReceivedStream>;
  readonly #sizes: SizeRuns;
  #ended = false;

  /**
   * Joins, connects both transports and publishes.
   *
   * @throws Error when it is rejected, or when media does not connect within 20 s
   */
  static async join(options: LoadPeerOptions): Promise<LoadPeer> {
    const { signalling, roomId, peerId, token, verifyTls, publish } = options;
    let peer: LoadPeer | undefined;
    const offered: ConsumerOffer[] = [];
    const socket = new TestPeer({
      signalling,
      roomId,
      peerId,
      verifyTls,
      query: { produce: publish ? '1' : '0', ...(token && { token }) },
      accept({ consumers }) {
        offered.push(...consumers);
        peer?.receive(offered.splice(0));
        return consumers.map(({ consumerId }) => consumerId);
      },
    });
    const patience = AbortSignal.timeout(joinWithinMs);
    const tooLate = new Promise<never>((_, reject) => {
      patience.addEventListener('abort', () => reject(new Error('not connected within 20 s')));
    });
    tooLate.catch(() => {});
    socket.socket.on('error', () => {});
    try {
      const welcome = await Promise.race([socket.welcome(), tooLate]);
      peer = new LoadPeer(options, socket, welcome);
      await Promise.race([peer.#connect(), tooLate]);
      socket.frames.length = 0;
      return peer;
    } catch (error) {
      peer?.close();
      socket.socket.terminate();
      throw error;
    }
  }

  private constructor(options: LoadPeerOptions, signalling: TestPeer, welcome: Welcome) {
    this.#options = options;
    this.#signalling = signalling;
    this.#welcome = welcome;
    this.#bySsrc = new Map();
    this.#byRtxSsrc = new Map();
    this.#sizes = new SizeRuns(options.sizes);
    const { sendTransport, recvTransport, dataConsumer } = welcome;
    if (!recvTransport || (options.publish && !sendTransport)) {
      throw new Error('the server gives no transport: has the token all permissions?');
    }
    this.#receiving = this.#open(recvTransport, (packet) => this.#onMedia(packet), dataConsumer);
    this.#sending =
      sendTransport && this.#open(sendTransport, (packet) => this.#onFeedback(packet));
    const { publish, clock, onLate } = options;
    const send = (packet: Buffer) => this.#sending?.send(packet) ?? false;
    this.publications = sourcesOf(publish).map(
      (source) =>
        new Publication(source, {
          codec: publish === 'h264' ? 'h264' : 'vp8',
          topLayer: publish === 'vp8-top',
          clock,
          send,
        }),
    );
    for (const { streams } of this.publications) {
      for (const stream of streams) {
        stream.onLate = onLate;
      }
    }
    signalling.closed.then(
      ({ code, reason }) => this.#lose(`socket closed: ${code} ${reason}`.trim()),
      (error) => this.#lose(`socket: ${error.message}`),
    );
  }

  /** The ports of its media connections. */
  get localPorts(): number[] {
    return [this.#sending, this.#receiving]
      .map((connection) => connection?.localPort)
      .filter((port) => port !== undefined);
  }

  /** @param now - milliseconds of `performance.now()` */
  send(now: number): void {
    for (const publication of this.publications) {
      publication.tick(now);
    }
  }

  /** Asks for what is missing. To be called every 20 ms or so. */
  check(now: number): void {
    for (const stream of this.streams) {
      const numbers = stream.toAskFor(now);
      if (numbers.length > 0) {
        this.#receiving.send(writeNack(stream.ssrc, numbers));
      }
    }
    const { frames } = this.#signalling;
    if (
      frames.some(({ direction, message }) => direction === 'in' && message.method === 'welcome')
    ) {
      this.#lose('the room moved to another worker');
    }
    // A load may run for hours.
    frames.length = 0;
  }

  /** The number of received streams that have stopped, or never begun. */
  silentStreams(now: number): number {
    return this.streams.filter(({ lastAt = -Infinity }) => now - lastAt > silentAfterMs).length;
  }

  /** Takes up consumers, before they are accepted and the server resumes them. */
  receive(offers: readonly ConsumerOffer[]): void {
    const { counts, onDelay, layer } = this.#options;
    for (const { consumerId, rtpParameters, type } of offers) {
      const [encoding] = rtpParameters.encodings ?? [];
      const captureTimeId = rtpParameters.headerExtensions?.find(
        ({ uri }) => uri === captureTimeUri,
      )?.id;
      const stream = new ReceivedStream({
        ssrc: encoding?.ssrc ?? 0,
        captureTimeId,
        counts,
        onDelay,
      });
      this.streams.push(stream);
      this.#bySsrc.set(stream.ssrc, stream);
      if (encoding?.rtx) {
        this.#byRtxSsrc.set(encoding.rtx.ssrc, stream);
      }
      if (layer !== undefined && type !== 'simple') {
        this.#signalling
          .request('setConsumerPreferredLayers', { consumerId, spatialLayer: layer })
          .catch(() => {});
      }
    }
  }

  close(): void {
    this.#ended = true;
    this.#sending?.close();
    this.#receiving.close();
    this.#signalling.socket.close(1000);
  }

  #open(
    transport: Transport,
    onPacket: (packet: Buffer) => void,
    dataConsumer?: Welcome['dataConsumer'],
  ): RtpConnection {
    return new RtpConnection(transport, {
      onPacket,
      onLost: (reason) => this.#lose(reason),
      ...(dataConsumer && { dataConsumer }),
    });
  }

  async #connect(): Promise<void> {
    const { generation, sendTransport, recvTransport, routerRtpCapabilities } = this.#welcome;
    const { peerId } = this.#options;
    const signalling = this.#signalling;
    const pairs = [
      [sendTransport, this.#sending],
      [recvTransport, this.#receiving],
    ] as const;
    // Without waiting for replies, as the app does.
    const requests = pairs.flatMap(([transport, connection]) =>
      transport && connection
        ? [
            signalling.request('connectWebRtcTransport', {
              transportId: transport.transportId,
              dtlsParameters: connection.dtlsParameters,
            }),
            connection.connected(),
          ]
        : [],
    );
    await Promise.all([
      signalling.join(generation, {
        displayName: peerId,
        device: { flag: 'bot', name: 'load' },
        rtpCapabilities: capabilitiesWithin(routerRtpCapabilities),
      }),
      ...requests,
      ...this.publications.map(({ produceData }) =>
        signalling.request('produce', {
          transportId: sendTransport?.transportId ?? '',
          ...produceData,
        }),
      ),
    ]);
  }

  #onMedia(packet: Buffer): void {
    if (isRtcp(packet)) {
      return;
    }
    const rtp = parseRtp(packet);
    const stream = rtp && this.#bySsrc.get(rtp.ssrc);
    const ntp = this.#options.clock.now();
    const now = performance.now();
    this.#sizes.add(packet.length, now);
    if (stream) {
      stream.receive(packet, rtp, now, ntp);
    } else if (rtp) {
      this.#byRtxSsrc.get(rtp.ssrc)?.receiveRtx(packet, rtp, ntp);
    }
  }

  #onFeedback(packet: Buffer): void {
    if (isRtcp(packet)) {
      const feedback = parseFeedback(packet);
      for (const publication of this.publications) {
        publication.onFeedback(feedback);
      }
    }
  }

  #lose(reason: string): void {
    if (!this.#ended) {
      this.#ended = true;
      this.#options.onLost(reason);
    }
  }
}

function sourcesOf(publish: Published | undefined): ('microphone' | 'camera')[] {
  switch (publish) {
    case undefined:
      return [];
    case 'opus':
      return ['microphone'];
    case 'vp8-top':
      return ['camera'];
    default:
      return ['microphone', 'camera'];
  }
}

function capabilitiesWithin({ codecs }: RtpCapabilities): RtpCapabilities {
  return {
    codecs: codecs.map((codec) => ({
      ...codec,
      rtcpFeedback: (codec.rtcpFeedback ?? []).filter(
        ({ type }) => !congestionControl.includes(type),
      ),
    })),
    headerExtensions: (['audio', 'video'] as const).map((kind) => ({
      kind,
      uri: captureTimeUri,
      preferredId: 10,
    })),
  };
}
