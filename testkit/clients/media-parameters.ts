import {
  type DtlsParameters,
  kindOfSource,
  type MediaKind,
  type RtpCapabilities,
  type RtpParameters,
  type Source,
} from '@oneport/protocol';

/** As of a browser, reduced to what the tests need. */
export const dtlsParameters: DtlsParameters = {
  role: 'server',
  fingerprints: [{ algorithm: 'sha-256', value: Array(32).fill('AB').join(':') }],
};

export const rtpCapabilities: RtpCapabilities = {
  codecs: [
    {
      kind: 'audio',
      mimeType: 'audio/opus',
      preferredPayloadType: 100,
      clockRate: 48000,
      channels: 2,
    },
    {
      kind: 'video',
      mimeType: 'video/VP8',
      preferredPayloadType: 101,
      clockRate: 90000,
      rtcpFeedback: [{ type: 'nack' }, { type: 'nack', parameter: 'pli' }],
    },
    {
      kind: 'video',
      mimeType: 'video/rtx',
      preferredPayloadType: 102,
      clockRate: 90000,
      parameters: { apt: 101 },
    },
  ],
  headerExtensions: [],
};

let nextSsrc = 1000;

/** Parameters for a producer of this source, with a new SSRC and mid. */
export function rtpParametersFor(
  source: Source,
  videoCodec = 'video/VP8',
): {
  kind: MediaKind;
  rtpParameters: RtpParameters;
} {
  const kind = kindOfSource[source];
  const ssrc = nextSsrc++;
  return {
    kind,
    rtpParameters: {
      mid: String(ssrc),
      codecs: [
        kind === 'audio'
          ? { mimeType: 'audio/opus', payloadType: 111, clockRate: 48000, channels: 2 }
          : { mimeType: videoCodec, payloadType: 96, clockRate: 90000 },
      ],
      encodings: [{ ssrc }],
      rtcp: { cname: `cname-${ssrc}` },
    },
  };
}
