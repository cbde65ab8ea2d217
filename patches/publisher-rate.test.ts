import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { types } from 'mediasoup';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { DirectVideo } from '../testkit/clients/direct-video.ts';
import { skipWithPrebuiltWorker, startTestWorker } from '../testkit/servers/test-worker.ts';

/** The burst of a video that the patch allows, which is also its rate per second. */
const allowed = { packets: 3_000, bytes: 4_000_000 };

beforeEach(skipWithPrebuiltWorker);

const packetsDiscarded = async (producer: types.Producer) =>
  (await producer.getStats()).reduce((sum, { packetsDiscarded: n }) => sum + n, 0);

function countPackets(consumer: types.Consumer): () => number {
  let received = 0;
  consumer.on('rtp', () => {
    received += 1;
  });
  return () => received;
}

test('receivers get the packets of a video that are within its rate, and the publisher is not asked for the others', async () => {
  const video = await DirectVideo.publish(await startTestWorker(), { nack: true });
  const received = countPackets(await video.consume());
  let nacks = 0;
  video.onNack(() => {
    nacks += 1;
  });
  const sent = 4 * allowed.packets;
  for (let n = 0; n < sent; n++) {
    // Key frames, because a busy machine may take the encoding for inactive in between.
    video.send({ keyFrame: true });
  }
  const discarded = await packetsDiscarded(video.producer);
  expect(discarded).toBeGreaterThan(0);
  await expect.poll(received).toBe(sent - discarded);
  expect(received()).toBeGreaterThanOrEqual(allowed.packets);

  // The worker requests lost packets after 10 ms, or with its next timer of 40 ms.
  await sleep(100);
  video.send({});
  await sleep(100);
  expect(nacks).toBe(0);

  // A packet that is lost within the rate is requested as before.
  video.send({ gap: 1 });
  await sleep(20);
  video.send({});
  await expect.poll(() => nacks).toBeGreaterThan(0);
});

test('a key frame of 3.4 MB, sent at once, loses no packet', async () => {
  const video = await DirectVideo.publish(await startTestWorker(), { nack: true });
  const received = countPackets(await video.consume());
  const sent = 2_900;
  for (let n = 0; n < sent; n++) {
    video.send({ keyFrame: true, bytes: 1_180 });
  }
  await expect.poll(received).toBe(sent);
  expect(await packetsDiscarded(video.producer)).toBe(0);
});

test('few packets of many bytes are limited too', async () => {
  const video = await DirectVideo.publish(await startTestWorker());
  const [sent, bytes] = [500, 30_000];
  for (let n = 0; n < sent; n++) {
    video.send({ bytes });
  }
  const discarded = await packetsDiscarded(video.producer);
  expect(discarded).toBeGreaterThan(0);
  expect(sent - discarded).toBeGreaterThanOrEqual(Math.floor(allowed.bytes / bytes));
});

const opus = { mimeType: 'audio/opus', clockRate: 48_000, channels: 2 };

/** The RTP parameters of an audio that rtpPacket() continues. */
const audio: types.ProducerOptions = {
  kind: 'audio',
  rtpParameters: {
    mid: 'audio',
    codecs: [{ ...opus, payloadType: 111 }],
    encodings: [{ ssrc: 3_000 }],
  },
};

function rtpPacket(sequence: number): Buffer {
  const packet = Buffer.alloc(40);
  packet.writeUInt16BE(0x806f, 0);
  packet.writeUInt16BE(sequence & 0xffff, 2);
  packet.writeUInt32BE(sequence * 960, 4);
  packet.writeUInt32BE(3_000, 8);
  return packet;
}

test('audio has a lower rate', async () => {
  const worker = await startTestWorker();
  const router = await worker.createRouter({ mediaCodecs: [{ kind: 'audio', ...opus }] });
  const transport = await router.createDirectTransport();
  const producer = await transport.produce(audio);
  const sent = 2_500;
  for (let n = 0; n < sent; n++) {
    producer.send(rtpPacket(n));
  }
  const discarded = await packetsDiscarded(producer);
  expect(discarded).toBeGreaterThan(0);
  expect(sent - discarded).toBeGreaterThanOrEqual(500);
});

test('a producer of a PipeTransport, whose packets were counted where they came from, has no limit', async () => {
  const worker = await startTestWorker();
  const router = await worker.createRouter({ mediaCodecs: [{ kind: 'audio', ...opus }] });
  const transport = await router.createPipeTransport({
    listenInfo: { protocol: 'udp', ip: '127.0.0.1' },
  });
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  onTestFinished(() => void socket.close());
  await once(socket, 'listening');
  await transport.connect({ ip: '127.0.0.1', port: socket.address().port });
  const producer = await transport.produce(audio);
  const sent = 3_000;
  for (let n = 0; n < sent; n++) {
    socket.send(rtpPacket(n), transport.tuple.localPort, '127.0.0.1');
    if (n % 50 === 49) {
      // Its receive buffer must hold the rest.
      await producer.dump();
    }
  }
  await expect.poll(async () => (await producer.getStats())[0]?.packetCount).toBe(sent);
  expect(await packetsDiscarded(producer)).toBe(0);
});
