import type { PacketPlan } from './values/rtp-packets.ts';

const packet: PacketPlan = {
  ...{ encoding: 0, codec: 0, rtx: false, sequenceNumber: 0, timestamp: 0, marker: false },
  ...{ padding: null, profile: 0xbede, extensions: [], payload: '1000', cut: null },
};

/**
 * An encoding that has both SSRC and rid: a packet with the rid and another SSRC, then one with the SSRC, and the
 * worker died of a failed assertion (Producer::CreateRtpStream, mediasoup 3.27.1).
 */
export const ssrcAndRid = {
  produce: {
    kind: 'video',
    rtpParameters: {
      codecs: [{ mimeType: 'video/VP8', clockRate: 90000, payloadType: 96 }],
      headerExtensions: [{ uri: 'urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id', id: 1 }],
      encodings: [{ ssrc: 1, rid: 'a', rtx: { ssrc: 2 } }],
    },
  } as unknown,
  packets: [{ ...packet, rtx: true }, packet],
  rtcp: [] as string[],
  layers: { spatialLayer: 0, temporalLayer: 0 },
};
