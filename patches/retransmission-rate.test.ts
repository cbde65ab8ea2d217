import { setTimeout as sleep } from 'node:timers/promises';
import type { types } from 'mediasoup';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { DirectVideo } from '../testkit/clients/direct-video.ts';
import { nack, receiverReport } from '../testkit/clients/rtcp-feedback.ts';
import { skipWithPrebuiltWorker, startTestWorker } from '../testkit/servers/test-worker.ts';

beforeEach(skipWithPrebuiltWorker);

const range = (length: number) => Array.from({ length }, (_, n) => n);

/** A receiver that counts how often it got each packet, first or again. */
class Receiver {
  readonly ssrc: number;
  /** By sequence number. */
  readonly counts = new Map<number, number>();
  readonly #video: DirectVideo;
  resentBytes = 0;

  /** @param loses - asked for each packet that arrives */
  static async of(video: DirectVideo, loses = () => false): Promise<Receiver> {
    return new Receiver(video, await video.consume(), loses);
  }

  private constructor(video: DirectVideo, consumer: types.Consumer, loses: () => boolean) {
    const [encoding] = consumer.rtpParameters.encodings ?? [];
    this.ssrc = encoding?.ssrc ?? 0;
    this.#video = video;
    consumer.on('rtp', (packet) => {
      // The payload of RTX begins with the original sequence number (RFC 4588, 4).
      const isRtx = packet.readUInt32BE(8) === encoding?.rtx?.ssrc;
      const headerBytes = 12 + (packet.readUInt8(0) & 0x10 ? 4 + 4 * packet.readUInt16BE(14) : 0);
      const sequence = packet.readUInt16BE(isRtx ? headerBytes : 2);
      this.resentBytes += isRtx ? packet.length : 0;
      if (!loses()) {
        this.counts.set(sequence, (this.counts.get(sequence) ?? 0) + 1);
      }
    });
  }

  /** Requests packets, in one compound packet with a report of this round-trip time. */
  request(sequences: readonly number[], roundTripMs: number): void {
    const report = receiverReport(this.ssrc, roundTripMs);
    this.#video.sendRtcp(Buffer.concat([report, nack(this.ssrc, sequences)]));
  }

  /** The sequence numbers that are missing between the lowest and the highest. */
  missing(): number[] {
    const [first, last] = [Math.min(...this.counts.keys()), Math.max(...this.counts.keys())];
    return range(last - first)
      .map((n) => first + n)
      .filter((sequence) => !this.counts.has(sequence));
  }

  /** Requests what is missing as libwebrtc does: after each round trip, ten times at most. */
  repair(roundTripMs: number): void {
    const requests = new Map<number, { at: number; times: number }>();
    const timer = setInterval(() => {
      const now = performance.now();
      const due = this.missing().filter((sequence) => {
        const { at, times } = requests.get(sequence) ?? { at: 0, times: 0 };
        return times < 10 && now - at > roundTripMs + 10;
      });
      for (const sequence of due) {
        requests.set(sequence, { at: now, times: (requests.get(sequence)?.times ?? 0) + 1 });
      }
      if (due.length > 0) {
        setTimeout(() => ended || this.request(due, roundTripMs), roundTripMs);
      }
    }, 20);
    let ended = false;
    onTestFinished(() => {
      clearInterval(timer);
      ended = true;
    });
  }
}

/** Publishes packets of 1,000 bytes, of which `perTick` leave every ten milliseconds. */
async function publish(video: DirectVideo, ticks: number, perTick: number): Promise<void> {
  for (let n = 0; n < ticks; n++) {
    for (let m = 0; m < perTick; m++) {
      video.send({ keyFrame: n === 0, elapsed: m === 0 ? 900 : 0, bytes: 1_000 });
    }
    await sleep(10);
  }
}

test('a receiver that claims a round-trip time of zero gets no more bytes again than were sent to it', async () => {
  const video = await DirectVideo.publish(await startTestWorker(), { nack: true });
  const receiver = await Receiver.of(video);
  const sent = 100;
  range(sent).forEach((n) => void video.send({ keyFrame: n === 0, elapsed: 300, bytes: 1_000 }));
  await expect.poll(() => receiver.counts.size).toBe(sent);
  for (let n = 0; n < 200; n++) {
    receiver.request([...receiver.counts.keys()], 0.5);
    await sleep(2);
  }
  await video.producer.dump();
  await expect.poll(() => Math.min(...receiver.counts.values())).toBeGreaterThanOrEqual(2);
  // A small allowance for streams of few packets comes on top.
  expect(receiver.resentBytes).toBeLessThan(2 * sent * 1_000);
});

test('a packet is resent ten times at most', async () => {
  const video = await DirectVideo.publish(await startTestWorker(), { nack: true });
  const receiver = await Receiver.of(video);
  range(5).forEach((n) => void video.send({ keyFrame: n === 0 }));
  await expect.poll(() => receiver.counts.size).toBe(5);
  for (let n = 0; n < 60; n++) {
    receiver.request([...receiver.counts.keys()], 0.5);
    await sleep(10);
  }
  await video.producer.dump();
  expect([...receiver.counts.values()]).toEqual(Array(5).fill(1 + 10));
});

test('30 % loss in both copies and repairs is repaired at a round-trip time of 200 ms', async () => {
  const video = await DirectVideo.publish(await startTestWorker(), { nack: true });
  let [state, lost] = [1, 0];
  const receiver = await Receiver.of(video, () => {
    // Numerical Recipes' generator: the same losses in each run.
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    const loses = state / 2 ** 32 < 0.3;
    lost += loses ? 1 : 0;
    return loses;
  });
  receiver.repair(200);
  await publish(video, 250, 1);
  await expect.poll(() => receiver.missing(), { timeout: 10_000 }).toEqual([]);
  expect(lost).toBeGreaterThan(50);
  expect(receiver.counts.size).toBeGreaterThan(240);
});

test('a burst that loses 300 ms of a video of 3 Mbit/s is repaired', async () => {
  const video = await DirectVideo.publish(await startTestWorker(), { nack: true });
  let arrived = 0;
  const receiver = await Receiver.of(video, () => {
    arrived += 1;
    return arrived > 100 && arrived <= 220;
  });
  receiver.repair(50);
  await publish(video, 100, 4);
  await expect.poll(() => receiver.counts.size, { timeout: 10_000 }).toBe(400);
  expect(receiver.resentBytes).toBeGreaterThanOrEqual(120 * 1_000);
});
