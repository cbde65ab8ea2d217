import { expect, test } from 'vitest';
import { RateLimit } from './rate-limit.ts';

test('allows a burst, then `perSecond` each second, and saves up at most a burst', () => {
  let now = 0;
  const limit = new RateLimit(3, 2, () => now);
  const take = (times: number) => Array.from({ length: times }, () => limit.take());
  expect(take(4)).toEqual([true, true, true, false]);
  now += 500;
  expect(take(2)).toEqual([true, false]);
  now += 3_600_000;
  expect(take(4)).toEqual([true, true, true, false]);
});
