import { expect, test } from 'vitest';
import { pauseAfter } from './live-view.ts';

test.each([
  [0, 500],
  [10, 500],
  [26, 500],
  [100, 1900],
  [2000, 38_000],
])('after a round of %i ms, pauses %i ms', (took, pause) => {
  expect(pauseAfter(took)).toBe(pause);
  expect(took / (took + pause)).toBeLessThanOrEqual(0.05);
});

test('pauses at least as long as required', () => {
  expect(pauseAfter(0, 1000)).toBe(1000);
});
