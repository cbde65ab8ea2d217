import { expect, test } from 'vitest';
import { Places } from './connection-quota.ts';

test('no more than allowed, in all and for each key', () => {
  const places = new Places(3, 2);
  expect(places.take('a')).toBeTypeOf('function');
  expect(places.take('a')).toBeTypeOf('function');
  expect(places.take('a')).toBe('key');
  expect(places.take('b')).toBeTypeOf('function');
  expect(places.take('c')).toBe('all');
  expect(places.taken).toBe(3);
});

test('a place that is given back is free again, once', () => {
  const places = new Places(2, 1);
  const leave = places.take('a');
  places.take('b');
  if (typeof leave === 'string') {
    throw new Error(leave);
  }
  leave();
  leave();
  expect(places.taken).toBe(1);
  expect(places.take('a')).toBeTypeOf('function');
  expect(places.take('c')).toBe('all');
});
