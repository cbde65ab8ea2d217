import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { skipWithPrebuiltWorker, startTestWorker } from '../testkit/servers/test-worker.ts';

const vp8 = { mimeType: 'video/VP8', clockRate: 90_000 };

/** The lengths of the payloads of each frame's packets. */
const frames = [
  // Shows how the sender splits frames.
  [500, 501],
  [500, 500, 501],
  [700, 700],
  [300],
  // As before a key frame of H.264, whose parameter sets have a packet of their own.
  [30, 900, 901],
];

beforeEach(skipWithPrebuiltWorker);
afterEach(() => void vi.unstubAllEnvs());

test('packets of a frame that differ by a byte are padded to equal lengths', async () => {
  const packets = await forwarded(frames);
  expect(packets.map(({ payload }) => payload.length)).toEqual(frames.flat());
  expect(packets.map(({ padding }) => padding)).toEqual([
    ...[0, 0],
    ...[1, 1, 0],
    ...[1, 1],
    0,
    ...[1, 1, 0],
  ]);
  for (const [n, { payload }] of packets.entries()) {
    expect(payload.subarray(2)).toEqual(Buffer.alloc(payload.length - 2, n + 1));
  }
});

test('packets of senders that fill all but the last one are left alone', async () => {
  const packets = await forwarded([
    [1_000, 1_000, 400],
    [1_000, 1_000, 999],
    [1_000, 1_000, 1_000],
  ]);
  expect(packets.map(({ padding }) => padding)).toEqual(Array(9).fill(0));
});

test('MEDIASOUP_BATCH=0 leaves all packets alone', async () => {
  vi.stubEnv('MEDIASOUP_BATCH', '0');
  const packets = await forwarded(frames);
  expect(packets.map(({ padding }) => padding)).toEqual(frames.flat().map(() => 0));
});

/** @returns what a receiver gets of key frames that consist of packets with payloads of these lengths */
async function forwarded(lengths: number[][]) {
  const worker = await startTestWorker();
  const router = await worker.createRouter({ mediaCodecs: [{ kind: 'video', ...vp8 }] });
  const transport = await router.createDirectTransport();
  const producer = await transport.produce({
    kind: 'video',
    rtpParameters: { codecs: [{ ...vp8, payloadType: 96 }], encodings: [{ ssrc: 1_000 }] },
  });
  const codecs = router.rtpCapabilities.codecs?.map((codec) => ({ ...codec, rtcpFeedback: [] }));
  const consumer = await transport.consume({
    producerId: producer.id,
    rtpCapabilities: { codecs, headerExtensions: [] },
  });
  const received: Buffer[] = [];
  consumer.on('rtp', (packet) => received.push(packet));
  const packets = lengths.flatMap((frame, index) =>
    frame.map((length, n) => ({ length, index, first: n === 0, last: n === frame.length - 1 })),
  );
  for (const [n, { length, index, first, last }] of packets.entries()) {
    const packet = Buffer.alloc(12 + length, n + 1);
    packet.writeUInt16BE(last ? 0x80e0 : 0x8060, 0);
    packet.writeUInt16BE(n, 2);
    packet.writeUInt32BE(index * 3_000, 4);
    packet.writeUInt32BE(1_000, 8);
    // The descriptor says where a frame begins (RFC 7741, 4.2), and then the last bit of VP8's own header is 0 for a
    // key frame (RFC 6386, 9.1).
    packet.writeUInt16BE(first ? 0x1000 : 0, 12);
    producer.send(packet);
  }
  await expect.poll(() => received.length).toBe(packets.length);
  return received.map((packet) => {
    const [padded, extended] = [packet.readUInt8(0) & 0x20, packet.readUInt8(0) & 0x10];
    const start = extended ? 16 + 4 * packet.readUInt16BE(14) : 12;
    const padding = padded ? packet.readUInt8(packet.length - 1) : 0;
    return { payload: packet.subarray(start, packet.length - padding), padding };
  });
}
