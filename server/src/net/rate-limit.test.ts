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

test('may owe tokens, and says for how long', () => {
  let now = 0;
  const limit = new RateLimit(3, 2, () => now);
  limit.spend(3);
  expect(limit.owesForMs).toBe(0);
  limit.spend(4);
  expect(limit.owesForMs).toBe(2000);
  now += 1500;
  expect(limit.owesForMs).toBe(500);
  expect(limit.take()).toBe(false);
  now += 1000;
  expect([limit.owesForMs, limit.take()]).toEqual([0, true]);
});
