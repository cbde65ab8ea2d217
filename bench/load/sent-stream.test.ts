import { describe, expect, test } from 'vitest';
import { startsKeyFrame } from './key-frame.ts';
import { readRecording, videoCodecs } from './recording.ts';
import { parseFeedback, writeNack } from './rtcp.ts';
import { isRtcp, NtpClock, parseRtp, readCaptureTime } from './rtp-packet.ts';
import { SentStream } from './sent-stream.ts';

const captureTimeId = 3;

/** Replays the first layer of a codec's recording, in a time of its own. */
function replay(codec: (typeof videoCodecs)[number]) {
  const packets: Buffer[] = [];
  const stream = new SentStream({
    codec,
    recording: readRecording(codec)[0] ?? [],
    clockRate: 90_000,
    ssrc: 1234,
    payloadType: 96,
    rtx: { ssrc: 5678, payloadType: 97 },
    captureTimeId,
    clock: new NtpClock(NtpClock.offsetNow()),
    send: (packet) => {
      if (!isRtcp(packet)) {
        packets.push(packet);
      }
      return true;
    },
  });
  let now = 0;
  return {
    packets,
    stream,
    run(ms: number) {
      for (const end = now + ms; now < end; now += 5) {
        stream.tick(now);
      }
    },
  };
}

function parse(packet: Buffer | undefined) {
  const rtp = packet && parseRtp(packet);
  if (!packet || !rtp) {
    throw new Error('no RTP packet');
  }
  return { ...rtp, payload: packet.subarray(rtp.payloadAt, rtp.payloadEnd) };
}

describe.for(videoCodecs)('%s', (codec) => {
  test('a recording has three layers, each of which begins with a key frame', () => {
    const layers = readRecording(codec);
    expect(layers).toHaveLength(3);
    for (const layer of layers) {
      expect(startsKeyFrame(codec, layer[0]?.payload ?? Buffer.alloc(0))).toBe(true);
      expect(layer.at(-1)?.marker).toBe(true);
    }
  });

  test('loops with numbers and times that grow', () => {
    const { packets, run } = replay(codec);
    run(10_000);
    const sent = packets.map(parse);
    const steps = sent.slice(1).map((packet, i) => {
      const before = sent[i] ?? packet;
      return {
        number: (packet.sequenceNumber - before.sequenceNumber) & 0xffff,
        // A frame's packets have one timestamp; frames are at most half a second apart.
        time: (packet.timestamp - before.timestamp) >>> 0 < 45_000,
      };
    });
    expect(steps.every(({ number, time }) => number === 1 && time)).toBe(true);
    const keyFrames = sent.filter(({ payload }) => startsKeyFrame(codec, payload));
    expect(keyFrames.length).toBeGreaterThan(2);
  });

  test('sends a key frame when asked, after the present frame', () => {
    const { packets, stream, run } = replay(codec);
    run(1000);
    const before = packets.length;
    stream.sendKeyFrame();
    run(200);
    const sent = packets.slice(before).map(parse);
    const at = sent.findIndex(({ payload }) => startsKeyFrame(codec, payload));
    expect(at).toBeGreaterThanOrEqual(0);
    expect(parse(packets[before + at - 1]).marker).toBe(true);
  });
});

test('VP8 picture ids continue from one loop to the next', () => {
  const { packets, run } = replay('vp8');
  run(7000);
  // X, I and M are set, as Chromium does (RFC 7741, section 4.2).
  const ids = packets.map((packet) => parse(packet).payload.readUInt16BE(2) & 0x7fff);
  const steps = ids.slice(1).map((id, i) => (id - (ids[i] ?? id)) & 0x7fff);
  expect(new Set(steps)).toEqual(new Set([0, 1]));
});

test('sends a packet again as RTX, with the time of its first sending', () => {
  const { packets, stream, run } = replay('vp8');
  run(500);
  const original = parse(packets[3]);
  const { nacks } = parseFeedback(writeNack(1234, [original.sequenceNumber]));
  expect(nacks).toEqual([{ ssrc: 1234, sequenceNumbers: [original.sequenceNumber] }]);
  stream.sendAgain(original.sequenceNumber);
  const again = packets.at(-1) ?? Buffer.alloc(0);
  const { ssrc, payloadType, timestamp, payload } = parse(again);
  expect({ ssrc, payloadType, timestamp }).toEqual({
    ssrc: 5678,
    payloadType: 97,
    timestamp: original.timestamp,
  });
  expect(payload.readUInt16BE(0)).toBe(original.sequenceNumber);
  expect(payload.subarray(2)).toEqual(original.payload);
  expect(readCaptureTime(again, captureTimeId)).toBe(
    readCaptureTime(packets[3] ?? again, captureTimeId),
  );
});
