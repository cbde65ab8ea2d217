import { expect, test } from 'vitest';
import { ConnectionQuota } from './connection-quota.ts';
import { limitKeyOf } from './ip.ts';

test('allows no more than the limits, in total and for each key', () => {
  const quota = new ConnectionQuota(3, 2);
  expect(quota.acquire('a')).toBeTypeOf('function');
  expect(quota.acquire('a')).toBeTypeOf('function');
  expect(quota.acquire('a')).toBe('key');
  expect(quota.acquire('b')).toBeTypeOf('function');
  expect(quota.acquire('c')).toBe('total');
});

test('releases a connection once, however often it is asked to', () => {
  const quota = new ConnectionQuota(2, 1);
  const release = quota.acquire('a');
  quota.acquire('b');
  if (typeof release === 'string') {
    throw new Error(release);
  }
  release();
  release();
  expect(quota.acquire('a')).toBeTypeOf('function');
  expect(quota.acquire('c')).toBe('total');
});

test('allows an IPv6 /56 two shares, a /48 four, and neither more than half of the total', () => {
  const acquire = (quota: ConnectionQuota, ...addresses: string[]) =>
    addresses.map((address) => quota.acquire(limitKeyOf(address))).map(String);
  const allowed = (outcomes: string[]) => outcomes.filter((outcome) => outcome !== 'key').length;
  const quota = new ConnectionQuota(100, 2);
  const of56 = Array.from({ length: 8 }, (_, n) => `2001:db8:0:${n}::1`);
  expect(allowed(acquire(quota, ...of56))).toBe(4);
  const of48 = Array.from({ length: 8 }, (_, n) => `2001:db8:0:${n + 1}00::1`);
  expect(allowed(acquire(quota, ...of48))).toBe(4);
  expect(allowed(acquire(quota, '2001:db8:1::1', '192.0.2.1'))).toBe(2);
  expect(allowed(acquire(new ConnectionQuota(6, 2), ...of48))).toBe(3);
});

test('releases a connection in all of its networks', () => {
  const quota = new ConnectionQuota(100, 1);
  for (let n = 0; n < 20; n++) {
    const release = quota.acquire(limitKeyOf(`2001:db8:0:${n}00::1`));
    expect(release).toBeTypeOf('function');
    (release as () => void)();
  }
});
