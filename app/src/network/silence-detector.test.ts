import { expect, test } from 'vitest';
import { SilenceDetector } from './silence-detector.ts';

/** Something is received every `period` milliseconds until `end`, and polled as often. */
function receiveEvery(period: number, end: number): SilenceDetector {
  const silence = new SilenceDetector(0);
  for (let now = period; now <= end; now += period) {
    silence.update(now, now);
  }
  return silence;
}

test('detects 1.5 s without data where media was received all the time', () => {
  const silence = receiveEvery(500, 10_000);
  expect(silence.isSilent(11_400)).toBe(false);
  expect(silence.isSilent(11_500)).toBe(true);
  expect(silence.isSilent(11_500, 6_000)).toBe(false);
  expect(silence.isSilent(16_000, 6_000)).toBe(true);
});

test('waits for two missing ICE checks where nothing else was received', () => {
  const silence = receiveEvery(2_500, 10_000);
  expect(silence.isSilent(14_900)).toBe(false);
  expect(silence.isSilent(15_000)).toBe(true);
});

test('forgets how long silences used to be', () => {
  const silence = receiveEvery(2_500, 10_000);
  for (let now = 10_500; now <= 19_000; now += 500) {
    silence.update(now, now);
  }
  expect(silence.isSilent(20_500)).toBe(true);
});

test('does not take a single outage for usual', () => {
  const silence = receiveEvery(500, 10_000);
  silence.update(1, 14_000);
  silence.update(2, 14_500);
  expect(silence.isSilent(16_000)).toBe(true);
});

test('calls a transport silent neither before anything was received nor right after its start', () => {
  expect(new SilenceDetector(0).isSilent(60_000)).toBe(false);
  const silence = new SilenceDetector(0);
  silence.update(1, 500);
  expect(silence.isSilent(2_900)).toBe(false);
});

test('tolerates twice as much silence after each false alarm, up to eight times', () => {
  const silence = receiveEvery(500, 10_000);
  silence.falseAlarm(20_000);
  expect(silence.isSilent(22_900)).toBe(false);
  expect(silence.isSilent(23_000)).toBe(true);
  for (let n = 0; n < 10; n += 1) {
    silence.falseAlarm(30_000);
  }
  expect(silence.isSilent(41_900)).toBe(false);
  expect(silence.isSilent(42_000)).toBe(true);
});
