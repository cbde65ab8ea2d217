import { expect, test } from 'vitest';
import { ConnectionQuota } from './connection-quota.ts';

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
