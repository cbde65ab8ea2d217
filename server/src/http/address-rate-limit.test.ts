import { beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { AddressRateLimit } from './address-rate-limit.ts';

// Tokens come back with time, and a loaded machine takes long.
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] });
  onTestFinished(() => void vi.useRealTimers());
});

test('limits each IPv4 address and each IPv6 /64 by itself', () => {
  const limit = new AddressRateLimit(1);
  const take = (address: string, times: number) =>
    Array.from({ length: times }, () => limit.take(address)).filter(Boolean).length;
  expect(take('192.0.2.1', 25)).toBe(20);
  expect(take('192.0.2.2', 25)).toBe(20);
  expect(take('::ffff:192.0.2.1', 1), 'the first address, from a dual-stack socket').toBe(0);
  expect(take('2001:db8::1', 15) + take('2001:db8::2', 15)).toBe(20);
  expect(take('2001:db8:0:1::1', 1)).toBe(1);
  expect(take('text of a proxy', 25)).toBe(20);
});

test('an address owes at most a burst', () => {
  const limit = new AddressRateLimit(1);
  for (let n = 0; n < 1_000; n++) {
    limit.spend('192.0.2.1');
  }
  expect(limit.owes('192.0.2.1')).toBe(true);
  vi.advanceTimersByTime(20_500);
  expect(limit.owes('192.0.2.1')).toBe(false);
  for (let n = 0; n < 1_000; n++) {
    limit.spend('2001:db8::1');
  }
  expect(limit.owes('2001:db8:0:1::1'), 'its /56').toBe(false);
});

test('limits an IPv6 /56 to two shares, and a /48 to four', () => {
  const limit = new AddressRateLimit(1);
  const taken = (of: (n: number) => string) =>
    Array.from({ length: 90 }, (_, n) => limit.take(of(n))).filter(Boolean).length;
  expect(taken((n) => `2001:db8:0:${n}::1`)).toBe(40);
  // Hexadecimal: none of them is in the /56 above.
  expect(taken((n) => `2001:db8:0:${n + 1}00::1`)).toBe(40);
  expect(limit.take('2001:db8:1::1')).toBe(true);
});
