import { describe, expect, test } from 'vitest';
import { type RtpParameters, rtpCapabilitiesSchema, rtpParametersSchema } from './rtp.ts';

const fromChromium = {
  mid: '0',
  msid: '6cd8a6b3-1c9f-4d5c-a76f-ab2c3b9f9d2c 8c5dbd1a-6b0f-4b2b-8a3a-0a1e7d4f4d5e',
  codecs: [
    {
      mimeType: 'video/VP8',
      payloadType: 96,
      clockRate: 90000,
      parameters: { 'x-google-start-bitrate': 1000 },
      rtcpFeedback: [
        { type: 'goog-remb', parameter: '' },
        { type: 'nack', parameter: 'pli' },
      ],
    },
    {
      mimeType: 'video/rtx',
      payloadType: 97,
      clockRate: 90000,
      parameters: { apt: 96 },
      rtcpFeedback: [],
    },
  ],
  headerExtensions: [{ uri: 'urn:ietf:params:rtp-hdrext:sdes:mid', id: 4, encrypt: false }],
  encodings: [
    { rid: 'r0', scalabilityMode: 'L1T3', maxBitrate: 150_000, dtx: false },
    { rid: 'r1', scalabilityMode: 'L3T3_KEY' },
  ],
  rtcp: { cname: 'c8X2K1l0+/mQ', reducedSize: true },
} satisfies RtpParameters;

describe('RTP parameters', () => {
  test('of a browser pass unchanged', () => {
    expect(rtpParametersSchema.parse(fromChromium)).toEqual(fromChromium);
  });

  test('lose unknown fields', () => {
    const parsed = rtpParametersSchema.parse({
      ...fromChromium,
      evil: 'a=candidate',
      codecs: [{ ...fromChromium.codecs[0], parameters: { apt: 1, 'x-evil\r\na': 'b' }, evil: 1 }],
      headerExtensions: [{ uri: 'urn:evil', id: 1 }, ...fromChromium.headerExtensions],
      rtcp: { ...fromChromium.rtcp, mux: '\r\n' },
    });
    expect(parsed).toEqual({
      ...fromChromium,
      codecs: [{ ...fromChromium.codecs[0], parameters: { apt: 1 } }],
    });
  });

  test('lose the rid of an encoding with an SSRC, because both together could kill the worker', () => {
    const encodings = [{ ssrc: 1, rid: 'a', dtx: true }, { rid: 'b' }, { ssrc: 2 }];
    expect(rtpParametersSchema.parse({ ...fromChromium, encodings }).encodings).toEqual([
      { ssrc: 1, dtx: true },
      { rid: 'b' },
      { ssrc: 2 },
    ]);
  });

  test('can have an empty cname, as mediasoup-client sends it for simulcast', () => {
    const parsed = rtpParametersSchema.parse({ ...fromChromium, rtcp: { cname: '' } });
    expect(parsed.rtcp?.cname).toBeUndefined();
  });

  const lineBreak = 'a\r\na=ssrc:1 cname:x';
  test.each([
    ['mid', { mid: lineBreak }],
    ['msid', { msid: lineBreak }],
    ['rtcp.cname', { rtcp: { cname: lineBreak } }],
    ['encodings.0.rid', { encodings: [{ rid: lineBreak }] }],
    ['encodings.0.scalabilityMode', { encodings: [{ scalabilityMode: `L1T3${lineBreak}` }] }],
    [
      'codecs.0.mimeType',
      { codecs: [{ ...fromChromium.codecs[0], mimeType: `video/${lineBreak}` }] },
    ],
    [
      'codecs.0.parameters.profile-level-id',
      { codecs: [{ ...fromChromium.codecs[0], parameters: { 'profile-level-id': lineBreak } }] },
    ],
    [
      'codecs.0.rtcpFeedback.0.type',
      { codecs: [{ ...fromChromium.codecs[0], rtcpFeedback: [{ type: lineBreak }] }] },
    ],
    ['codecs', { codecs: [] }],
    ['codecs.0.payloadType', { codecs: [{ ...fromChromium.codecs[0], payloadType: 128 }] }],
    ['encodings', { encodings: Array(9).fill({}) }],
    ['encodings.0.ssrc', { encodings: [{ ssrc: 2 ** 32 }] }],
  ])('with an invalid %s are rejected, naming it', (path, change) => {
    const { error } = rtpParametersSchema.safeParse({ ...fromChromium, ...change });
    expect(error?.issues[0]?.path.join('.')).toBe(path);
  });

  test('are rejected with a trailing line break', () => {
    for (const mid of ['0\n', '0\r', '0\u2028']) {
      expect(rtpParametersSchema.safeParse({ ...fromChromium, mid }).success).toBe(false);
    }
  });
});

test('RTP capabilities lose header extensions that mediasoup does not support', () => {
  const known = { kind: 'audio', uri: 'urn:ietf:params:rtp-hdrext:sdes:mid', preferredId: 1 };
  expect(
    rtpCapabilitiesSchema.parse({
      codecs: [],
      headerExtensions: [known, { kind: 'audio', uri: 'urn:new', preferredId: 2 }, null],
    }),
  ).toEqual({ codecs: [], headerExtensions: [known] });
});
