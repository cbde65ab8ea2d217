import { expect, test } from 'vitest';
import { Silence } from './silence-detector.ts';

/** Something comes every `period` milliseconds until `end`, looked at as often. */
function listen(period: number, end: number): Silence {
  const silence = new Silence(0);
  for (let now = period; now <= end; now += period) {
    silence.look(now, now);
  }
  return silence;
}

test('where media came all the time, 1.5 s without is unusual', () => {
  const silence = listen(500, 10_000);
  expect(silence.unusual(11_400)).toBe(false);
  expect(silence.unusual(11_500)).toBe(true);
  expect(silence.unusual(11_500, 6_000)).toBe(false);
  expect(silence.unusual(16_000, 6_000)).toBe(true);
});

test('where only checks of ICE come, it takes two of them', () => {
  const silence = listen(2_500, 10_000);
  expect(silence.unusual(14_900)).toBe(false);
  expect(silence.unusual(15_000)).toBe(true);
});

test('what was usual before may be unusual now', () => {
  const silence = listen(2_500, 10_000);
  for (let now = 10_500; now <= 19_000; now += 500) {
    silence.look(now, now);
  }
  expect(silence.unusual(20_500)).toBe(true);
});

test('an outage makes no other one usual', () => {
  const silence = listen(500, 10_000);
  silence.look(1, 14_000);
  silence.look(2, 14_500);
  expect(silence.unusual(16_000)).toBe(true);
});

test('what has never been heard is not silent, nor what has only begun', () => {
  expect(new Silence(0).unusual(60_000)).toBe(false);
  const silence = new Silence(0);
  silence.look(1, 500);
  expect(silence.unusual(2_900)).toBe(false);
});

test('each false alarm doubles what is taken for usual, up to eight times', () => {
  const silence = listen(500, 10_000);
  silence.falseAlarm(20_000);
  expect(silence.unusual(22_900)).toBe(false);
  expect(silence.unusual(23_000)).toBe(true);
  for (let n = 0; n < 10; n += 1) {
    silence.falseAlarm(30_000);
  }
  expect(silence.unusual(41_900)).toBe(false);
  expect(silence.unusual(42_000)).toBe(true);
});
