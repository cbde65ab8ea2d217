/** docs/single-port.md, section 1: how a transport classifies data. */
import { expect, test } from 'vitest';
import { DtlsPeer } from '../../../testkit/clients/dtls-peer.ts';
import { SrtpSender, senderReport } from '../../../testkit/clients/srtp.ts';
import { skipWithPrebuiltWorker } from '../../../testkit/servers/test-worker.ts';
import { TwoTuples, WebRtcServerHost } from '../../../testkit/servers/webrtc-server-host.ts';

const allBytes = Array.from({ length: 256 }, (_, byte) => byte);
const bytes = (from: number, to: number) => allBytes.slice(from, to + 1);
/** In a packet with padding, the last byte is the length of the padding. */
const payload = Buffer.alloc(100, 1);
const ssrc = 1234;

/** The next packet, with the CSRCs and the extension that its first byte announces. */
function rtpBeginning(srtp: SrtpSender, first: number): Buffer {
  const csrcs = Buffer.alloc(4 * (first & 0x0f));
  const extension = Buffer.alloc(first & 0x10 ? 4 : 0);
  return srtp.next(payload, { first, rest: Buffer.concat([csrcs, extension]) });
}

test('SP-1.2: first bytes 20 to 63 are DTLS, with at least 13 bytes', async () => {
  const host = await WebRtcServerHost.start();
  // Before DTLS is connected, only DTLS selects its tuple.
  const tuples = await TwoTuples.of(await host.transport());
  const dtls: number[] = [];
  for (const first of allBytes) {
    if (await tuples.selects(Buffer.alloc(13, first))) {
      dtls.push(first);
    }
    expect(await tuples.selects(Buffer.alloc(12, first))).toBe(false);
  }
  expect(dtls).toEqual(bytes(20, 63));
});

test('SP-1.2: first bytes 128 to 191 are RTP, unless the second is 192 to 223', async (context) => {
  // After DTLS is connected, RTP selects its tuple too.
  skipWithPrebuiltWorker(context);
  const host = await WebRtcServerHost.start();
  const transport = await host.transport();
  const tuples = await TwoTuples.of(transport);
  const { keyingMaterial } = await tuples.selected.connectDtls(transport);
  const srtp = new SrtpSender(keyingMaterial, ssrc, 111);
  // All packets are encrypted as RTP, so a packet that selects no tuple was classified as something else.
  const [first, second]: number[][] = [[], []];
  for (const byte of allBytes) {
    if (await tuples.selects(rtpBeginning(srtp, byte))) {
      first?.push(byte);
    }
    if (await tuples.selects(srtp.next(payload, { second: byte }))) {
      second?.push(byte);
    }
  }
  expect(first).toEqual(bytes(128, 191));
  expect(second).toEqual([...bytes(0, 191), ...bytes(224, 255)]);
});

test.each([
  ['first', 128, 191, 0],
  ['second', 192, 223, 1],
])('SP-1.2: the %s byte of RTCP is %i to %i', async (_, from, to, at) => {
  const host = await WebRtcServerHost.start();
  const transport = await host.transport();
  const client = await DtlsPeer.openTo(transport);
  const srtp = new SrtpSender((await client.connect(transport)).keyingMaterial, ssrc, 111);
  const producer = await transport.produce({
    kind: 'audio',
    rtpParameters: {
      codecs: [{ mimeType: 'audio/opus', payloadType: 111, clockRate: 48_000, channels: 2 }],
      encodings: [{ ssrc }],
    },
  });
  await producer.enableTraceEvent(['sr']);
  const reported: number[] = [];
  producer.on('trace', ({ info }) => reported.push((info as { rtpTs: number }).rtpTs));
  client.send(srtp.next(payload));

  // RTCP accepts only the first of two packets with the same index. So if a report is accepted, the packet before it,
  // which differs by that byte, was classified as something else.
  for (const byte of allBytes) {
    const packet = Buffer.alloc(8);
    packet.writeUInt8(0x80, 0);
    packet.writeUInt8(204, 1);
    packet.writeUInt16BE(1, 2);
    packet.writeUInt32BE(ssrc, 4);
    packet.writeUInt8(byte, at);
    client.send(srtp.rtcp(packet, byte));
    client.send(srtp.rtcp(senderReport(ssrc, byte), byte));
    expect(await client.check(transport.iceParameters)).toBe('success');
  }
  const others = allBytes.filter((byte) => byte < from || byte > to);
  await expect.poll(() => reported.at(-1)).toBe(others.at(-1));
  expect(reported).toEqual(others);
});
