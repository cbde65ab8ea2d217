import { expect, test } from 'vitest';
import { retryDelay } from './retry-delay.ts';

test('the delay doubles up to 10 s', () => {
  const delays = [0, 1, 2, 3, 4, 5, 50].map((attempt) => retryDelay(attempt, 'usual', 1));
  expect(delays).toEqual([500, 1000, 2000, 4000, 8000, 10_000, 10_000]);
});

test('jitter spreads over nearly the whole range, and never to 0', () => {
  expect(retryDelay(3, 'usual', 0)).toBe(400);
  expect(retryDelay(3, 'usual', 0.5)).toBe(2200);
});

test('a restarting server is tried sooner, a full one later', () => {
  expect(retryDelay(0, 'soon', 1)).toBeLessThan(retryDelay(0, 'usual', 1));
  expect(retryDelay(0, 'slow', 1)).toBeGreaterThan(retryDelay(0, 'usual', 1));
});
