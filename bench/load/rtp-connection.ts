import type { DtlsParameters, Transport, Welcome } from '@oneport/protocol';
import nodeDatachannel, { PeerConnection, type Track, Video } from 'node-datachannel';

/** The only media section: any payload type will do, because packets pass through it as they are. */
const mid = 'rtp';
const payloadType = 96;

/**
 * ICE, DTLS and SRTP to one transport of the server, by libdatachannel. It has a single media section, so
 * libdatachannel passes all RTP and RTCP packets through, whatever their SSRC and payload type.
 */
export class RtpConnection {
  /** For the request `connectWebRtcTransport`. */
  readonly dtlsParameters: DtlsParameters;
  readonly #connection: PeerConnection;
  readonly #track: Track;
  readonly #connected: Promise<void>;

  /**
   * Starts to connect.
   *
   * @param transport - the server's
   * @param options.onPacket - called with each RTP and RTCP packet
   * @param options.onLost - called when an open connection fails or is closed by the server
   * @param options.dataConsumer - the room's data channel, if the transport has it
   * @throws Error when libdatachannel refuses the transport's parameters
   */
  constructor(
    transport: Transport,
    options: {
      onPacket(packet: Buffer): void;
      onLost(reason: string): void;
      dataConsumer?: Welcome['dataConsumer'];
    },
  ) {
    const { onPacket, onLost, dataConsumer } = options;
    isStarted = true;
    const connection = new PeerConnection(transport.transportId, { iceServers: [] });
    this.#connection = connection;
    const media = new Video(mid, 'SendRecv');
    media.addVP8Codec(payloadType);
    this.#track = connection.addTrack(media);
    this.#track.onMessage(onPacket);
    if (dataConsumer) {
      const { streamId: id = 0 } = dataConsumer.sctpStreamParameters;
      connection.createDataChannel(dataConsumer.label, { negotiated: true, id });
    }
    const connected = Promise.withResolvers<void>();
    this.#connected = connected.promise;
    // Its user may be busy with something else that fails first.
    this.#connected.catch(() => {});
    let open = false;
    this.#track.onOpen(() => {
      open = true;
      connected.resolve();
    });
    connection.onStateChange((state) => {
      if (state === 'failed' || state === 'closed' || state === 'disconnected') {
        connected.reject(new Error(`media connection ${state}`));
        if (open) {
          onLost(`media connection ${state}`);
        }
      }
    });
    connection.setLocalDescription('offer');
    const { sdp } = connection.localDescription() ?? { sdp: '' };
    this.dtlsParameters = { role: 'client', fingerprints: [fingerprintIn(sdp)] };
    connection.setRemoteDescription(answerTo(sdp, transport), 'answer');
  }

  /** @throws Error when ICE or DTLS fails */
  connected(): Promise<void> {
    return this.#connected;
  }

  /** Encrypts and sends an RTP or RTCP packet. @returns whether it was sent */
  send(packet: Buffer): boolean {
    // libdatachannel ends the process when the server has closed the track.
    return this.#track.isOpen() && this.#track.sendMessageBinary(packet);
  }

  /** The local UDP port; undefined before ICE has connected. */
  get localPort(): number | undefined {
    return this.#connection.getSelectedCandidatePair()?.local.port;
  }

  close(): void {
    this.#connection.close();
  }
}

/** Whether libdatachannel has started its threads. */
let isStarted = false;

/** Ends libdatachannel's threads, without which the process does not exit. */
export function closeLibrary(): void {
  // Its cleanup aborts the process now and then when there is nothing to clean up.
  if (isStarted) {
    nodeDatachannel.cleanup();
  }
}

function fingerprintIn(sdp: string): DtlsParameters['fingerprints'][number] {
  const [, value = ''] = /^a=fingerprint:sha-256 (\S+)/im.exec(sdp) ?? [];
  return { algorithm: 'sha-256', value };
}

/** The answer (RFC 3264) of a server that uses ICE-Lite and waits for DTLS. */
function answerTo(
  offer: string,
  { iceParameters, iceCandidates, dtlsParameters, sctpParameters }: Transport,
): string {
  const { usernameFragment, password } = iceParameters;
  const [fingerprint] = dtlsParameters.fingerprints.filter(
    ({ algorithm }) => algorithm === 'sha-256',
  );
  const candidates = iceCandidates
    .filter(({ protocol }) => protocol === 'udp')
    .map(
      ({ foundation, priority, address, port }) =>
        `a=candidate:${foundation} 1 udp ${priority} ${address} ${port} typ host`,
    );
  const transport = [
    `a=ice-ufrag:${usernameFragment}`,
    `a=ice-pwd:${password}`,
    `a=fingerprint:sha-256 ${fingerprint?.value}`,
    'a=setup:passive',
    ...candidates,
    'a=end-of-candidates',
  ];
  const sections = [...offer.matchAll(/^m=(\w+) [\s\S]*?^a=mid:(\S+)/gm)].map(
    ([, kind, mid = '']) =>
      kind === 'application'
        ? [
            'm=application 9 UDP/DTLS/SCTP webrtc-datachannel',
            'c=IN IP4 0.0.0.0',
            `a=mid:${mid}`,
            `a=sctp-port:${sctpParameters?.port ?? 5000}`,
            `a=max-message-size:${sctpParameters?.maxMessageSize ?? 0}`,
            ...transport,
          ]
        : [
            `m=video 9 UDP/TLS/RTP/SAVPF ${payloadType}`,
            'c=IN IP4 0.0.0.0',
            `a=mid:${mid}`,
            `a=rtpmap:${payloadType} VP8/90000`,
            'a=sendrecv',
            'a=rtcp-mux',
            ...transport,
          ],
  );
  return [
    'v=0',
    'o=- 1 1 IN IP4 0.0.0.0',
    's=-',
    't=0 0',
    'a=ice-lite',
    `a=group:BUNDLE ${[...offer.matchAll(/^a=mid:(\S+)/gm)].map(([, mid]) => mid).join(' ')}`,
    ...sections.flat(),
    '',
  ].join('\r\n');
}
