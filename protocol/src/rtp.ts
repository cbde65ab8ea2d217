/**
 * RTP parameters and capabilities (mediasoup's `RtpParameters` and `RtpCapabilities`, the dictionaries of W3C ORTC),
 * rebuilt from a whitelist.
 *
 * mediasoup passes cname, msid, mid, rid and codec parameters of a producer to all consumers, whose browsers write them
 * into their SDP. A line break in one of them would inject a line of SDP into the other peers' receiving transports. So
 * each value has a character set, and unknown fields are dropped.
 */
import { z } from 'zod';

export const mediaKindSchema = z.enum(['audio', 'video']);

const payloadType = z.int().min(0).max(127);
const ssrc = z.int().min(1).max(0xffffffff);
const clockRate = z.int().min(1).max(1_000_000);
const channels = z.int().min(1).max(24);
const headerExtensionId = z.int().min(1).max(255);

// RFC 4566 `token`: what an SDP attribute can hold unquoted.
const token = (max: number) =>
  z
    .string()
    .regex(new RegExp(`^[A-Za-z0-9!#$%&'*+.^_\`{|}~-]{1,${max}}$`), 'expected an SDP token');

const mid = token(32);
// RFC 8851: rid-id is alphanumeric, '-' and '_'.
const rid = z.string().regex(/^[A-Za-z0-9_-]{1,32}$/, 'expected a rid (RFC 8851)');
// RFC 7022 recommends base64 of 96 bits. Browsers use no other characters than these.
const cname = z.string().regex(/^[A-Za-z0-9+/=_.@{}:-]{1,255}$/, 'expected a CNAME (RFC 7022)');
// RFC 8830: one or two ids of token characters, separated by a space; '-' for no stream.
const msid = z
  .string()
  .regex(
    /^[A-Za-z0-9!#$%&'*+.^_`{|}~-]{1,64}( [A-Za-z0-9!#$%&'*+.^_`{|}~-]{1,64})?$/,
    'expected an msid (RFC 8830)',
  );

const mimeType = z
  .string()
  .regex(/^(audio|video)\/[A-Za-z0-9-]{1,32}$/, 'expected audio/... or video/...');

/** The codec parameters (SDP `fmtp`) that other peers receive. All others are dropped. */
const codecParameterNames = [
  'apt',
  'cbr',
  'level-asymmetry-allowed',
  'level-idx',
  'maxaveragebitrate',
  'maxplaybackrate',
  'maxptime',
  'minptime',
  'packetization-mode',
  'profile',
  'profile-id',
  'profile-level-id',
  'ptime',
  'sprop-stereo',
  'stereo',
  'tier',
  'usedtx',
  'useinbandfec',
  'x-google-max-bitrate',
  'x-google-min-bitrate',
  'x-google-start-bitrate',
] as const;

const codecParameterValue = z.union([
  z.int().min(0).max(0xffffffff),
  z.string().regex(/^[A-Za-z0-9.,-]{1,64}$/, 'expected a plain fmtp value'),
]);

const codecParameters = z.object(
  Object.fromEntries(
    codecParameterNames.map((name) => [name, codecParameterValue.optional()] as const),
  ),
);

// RFC 4585 and the drafts behind transport-cc and goog-remb.
const rtcpFeedback = z.object({
  type: token(32),
  parameter: z.union([token(32), z.literal('')]).optional(),
});

const headerExtensionUris = [
  'urn:ietf:params:rtp-hdrext:sdes:mid',
  'urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id',
  'urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id',
  'http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time',
  'http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01',
  'urn:ietf:params:rtp-hdrext:ssrc-audio-level',
  'https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension',
  'urn:3gpp:video-orientation',
  'urn:ietf:params:rtp-hdrext:toffset',
  'http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time',
  'http://www.webrtc.org/experiments/rtp-hdrext/playout-delay',
  'urn:mediasoup:params:rtp-hdrext:packet-id',
] as const;

const headerExtensionUri = z.enum(headerExtensionUris);

/** Drops header extensions that mediasoup doesn't know: they are harmless, but not needed. */
function knownUrisOnly<T extends z.ZodType>(list: T) {
  const known = new Set<unknown>(headerExtensionUris);
  return z.preprocess(
    (value) => (Array.isArray(value) ? value.filter((entry) => known.has(entry?.uri)) : value),
    list,
  );
}

const rtpCodec = z.object({
  mimeType,
  payloadType,
  clockRate,
  channels: channels.optional(),
  parameters: codecParameters.optional(),
  rtcpFeedback: z.array(rtcpFeedback).max(16).optional(),
});

const rtpEncoding = z
  .object({
    ssrc: ssrc.optional(),
    rid: rid.optional(),
    codecPayloadType: payloadType.optional(),
    rtx: z.object({ ssrc }).optional(),
    dtx: z.boolean().optional(),
    // W3C WebRTC-SVC names (L1T3, S3T3, L3T3_KEY_SHIFT, ...), whose digits mediasoup parses.
    scalabilityMode: z
      .string()
      .regex(/^[LS][1-9]\d?T[1-9]\d?(h|_KEY|_KEY_SHIFT)?$/, 'expected a scalability mode')
      .optional(),
    maxBitrate: z.int().min(0).max(1_000_000_000).optional(),
  })
  // A worker looks up an encoding by SSRC first, then by rid. When an encoding has both, a packet with the rid and another
  // SSRC and a packet with the SSRC create a stream each, and the second one fails an assertion that ends the worker
  // (Producer::CreateRtpStream in mediasoup 3.27.1). The SSRC alone identifies the encoding.
  .transform(({ rid, ...encoding }) => ({
    ...encoding,
    ...(rid !== undefined && encoding.ssrc === undefined ? { rid } : {}),
  }));

export const rtpParametersSchema = z.object({
  mid: mid.optional(),
  codecs: z.array(rtpCodec).min(1).max(16),
  headerExtensions: knownUrisOnly(
    z
      .array(
        z.object({
          uri: headerExtensionUri,
          id: headerExtensionId,
          encrypt: z.boolean().optional(),
        }),
      )
      .max(16),
  ).optional(),
  encodings: z.array(rtpEncoding).max(8).optional(),
  rtcp: z
    .object({
      // mediasoup-client writes '' where the SDP has no CNAME, as with simulcast.
      cname: z.preprocess((value) => value || undefined, cname.optional()).optional(),
      reducedSize: z.boolean().optional(),
    })
    .optional(),
  msid: msid.optional(),
});

export const rtpCapabilitiesSchema = z.object({
  codecs: z
    .array(
      z.object({
        kind: mediaKindSchema,
        mimeType,
        preferredPayloadType: payloadType,
        clockRate,
        channels: channels.optional(),
        parameters: codecParameters.optional(),
        rtcpFeedback: z.array(rtcpFeedback).max(16).optional(),
      }),
    )
    .max(64),
  headerExtensions: knownUrisOnly(
    z
      .array(
        z.object({
          kind: mediaKindSchema,
          uri: headerExtensionUri,
          preferredId: headerExtensionId,
          preferredEncrypt: z.boolean().optional(),
          direction: z.enum(['sendrecv', 'sendonly', 'recvonly', 'inactive']).optional(),
        }),
      )
      .max(64),
  ).optional(),
});

export type MediaKind = z.infer<typeof mediaKindSchema>;
export type RtpParameters = z.infer<typeof rtpParametersSchema>;
export type RtpCapabilities = z.infer<typeof rtpCapabilitiesSchema>;
