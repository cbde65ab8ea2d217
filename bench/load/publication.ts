import { randomInt, randomUUID } from 'node:crypto';
import { kindOfSource, type RequestData, type RtpParameters, type Source } from '@oneport/protocol';
import { type RecordedCodec, readRecording, type VideoCodec } from './recording.ts';
import type { Feedback } from './rtcp.ts';
import type { NtpClock } from './rtp-packet.ts';
import { SentStream } from './sent-stream.ts';

type Codec = RtpParameters['codecs'][number];

/** The header extension by which delays are measured. mediasoup passes its capture time on as it is. */
export const captureTimeUri = 'http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time';

const captureTimeId = 1;
const audioPayloadType = 111;
const [videoPayloadType, rtxPayloadType] = [96, 97];
const clockRates = { audio: 48_000, video: 90_000 };

const nack = { type: 'nack' };
/** No congestion control (transport-cc, goog-remb): the load is to be the same whatever the server measures. */
const videoFeedback = [nack, { type: 'nack', parameter: 'pli' }, { type: 'ccm', parameter: 'fir' }];

const videoParameters: Record<VideoCodec, Pick<Codec, 'mimeType' | 'parameters'>> = {
  vp8: { mimeType: 'video/VP8' },
  h264: {
    mimeType: 'video/H264',
    parameters: { 'packetization-mode': 1, 'profile-level-id': '42e01f' },
  },
};

/** Recordings by codec: all peers replay the same. */
const recordings = new Map<RecordedCodec, ReturnType<typeof readRecording>>();

/** A camera or microphone of a peer: what it says to the server, and what it sends. */
export class Publication {
  /** For the request `produce`. */
  readonly produceData: Omit<RequestData<'produce'>, 'transportId'>;
  readonly streams: readonly SentStream[];

  /**
   * @param topLayer - only the largest simulcast layer of the recording
   * @param send - sends a packet to the transport
   */
  constructor(
    source: Source & ('microphone' | 'camera'),
    options: {
      codec: VideoCodec;
      topLayer: boolean;
      clock: NtpClock;
      send(packet: Buffer): boolean;
    },
  ) {
    const { clock, send, topLayer } = options;
    const kind = kindOfSource[source];
    const codec = kind === 'audio' ? 'opus' : options.codec;
    const layers = recordings.get(codec) ?? readRecording(codec);
    recordings.set(codec, layers);
    const recording = topLayer ? layers.slice(-1) : layers;
    const encodings = recording.map(() => ({
      ssrc: newSsrc(),
      ...(kind === 'video' && { rtx: { ssrc: newSsrc() } }),
    }));
    const clockRate = clockRates[kind];
    this.streams = recording.map(
      (stream, i) =>
        new SentStream({
          codec,
          recording: stream,
          clockRate,
          ssrc: encodings[i]?.ssrc ?? 0,
          payloadType: kind === 'audio' ? audioPayloadType : videoPayloadType,
          rtx: encodings[i]?.rtx && { ...encodings[i].rtx, payloadType: rtxPayloadType },
          captureTimeId,
          clock,
          send,
        }),
    );
    this.produceData = {
      producerId: randomUUID(),
      source,
      kind,
      rtpParameters: {
        mid: kind,
        codecs: kind === 'audio' ? audioCodecs() : videoCodecs(options.codec),
        headerExtensions: [{ uri: captureTimeUri, id: captureTimeId }],
        encodings,
        rtcp: { cname: randomUUID() },
      },
    };
  }

  /** @param now - milliseconds of `performance.now()` */
  tick(now: number): void {
    for (const stream of this.streams) {
      stream.tick(now);
    }
  }

  /** Sends what the server asks for, if it is of this publication. */
  onFeedback({ nacks, keyFrames }: Feedback): void {
    for (const stream of this.streams) {
      for (const { ssrc, sequenceNumbers } of nacks) {
        if (ssrc === stream.ssrc) {
          for (const number of sequenceNumbers) {
            stream.sendAgain(number);
          }
        }
      }
      if (keyFrames.includes(stream.ssrc)) {
        stream.sendKeyFrame();
      }
    }
  }
}

function audioCodecs(): Codec[] {
  return [
    {
      mimeType: 'audio/opus',
      payloadType: audioPayloadType,
      clockRate: clockRates.audio,
      channels: 2,
      parameters: { useinbandfec: 1 },
      rtcpFeedback: [nack],
    },
  ];
}

function videoCodecs(codec: VideoCodec): Codec[] {
  return [
    {
      ...videoParameters[codec],
      payloadType: videoPayloadType,
      clockRate: clockRates.video,
      rtcpFeedback: videoFeedback,
    },
    {
      mimeType: 'video/rtx',
      payloadType: rtxPayloadType,
      clockRate: clockRates.video,
      parameters: { apt: videoPayloadType },
    },
  ];
}

function newSsrc(): number {
  return randomInt(1, 2 ** 32);
}
