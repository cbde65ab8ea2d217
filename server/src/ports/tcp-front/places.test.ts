import { expect, test } from 'vitest';
import { Places } from './places.ts';

test('no more than allowed, in all and for each key', () => {
  const places = new Places(3, 2);
  expect(places.take('a')).toBeDefined();
  expect(places.take('a')).toBeDefined();
  expect(places.take('a')).toBeUndefined();
  expect(places.take('b')).toBeDefined();
  expect(places.take('c')).toBeUndefined();
  expect(places.taken).toBe(3);
});

test('a place that is given back is free again, once', () => {
  const places = new Places(2, 1);
  const leave = places.take('a');
  places.take('b');
  leave?.();
  leave?.();
  expect(places.taken).toBe(1);
  expect(places.take('a')).toBeDefined();
  expect(places.take('c')).toBeUndefined();
});
