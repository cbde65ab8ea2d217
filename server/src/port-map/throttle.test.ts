import { expect, test } from 'vitest';
import { pauseAfter } from './throttle.ts';

test.each([
  [0, 500],
  [10, 500],
  [26, 500],
  [100, 1900],
  [2000, 38_000],
])('after a round of %i ms waits %i ms', (took, pause) => {
  expect(pauseAfter(took)).toBe(pause);
  expect(took / (took + pause)).toBeLessThanOrEqual(0.05);
});

test('waits longer where that is asked for', () => {
  expect(pauseAfter(0, 1000)).toBe(1000);
});
