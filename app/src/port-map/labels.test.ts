import { expect, test } from 'vitest';
import { formatAddress } from '../ui/common/labels.ts';
import { counterLabel, formatBytes, formatCount, formatDuration, shortUfrag } from './labels.ts';

test.each([
  [0, '0 B'],
  [999, '999 B'],
  [1000, '1.0 kB'],
  [99_400, '99 kB'],
  [123_456, '123 kB'],
  [999_600, '1.0 MB'],
  [12_345_678, '12 MB'],
])('formats %i bytes as %s', (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text);
});

test.each([
  [-5, '0 s'],
  [59_999, '59 s'],
  [60_000, '1 min'],
  [3_599_999, '59 min'],
  [3_600_000 * 26 + 60_000, '26 h 1 min'],
  [3_600_000 * 49, '2 days'],
])('formats %i ms as %s', (milliseconds, text) => {
  expect(formatDuration(milliseconds)).toBe(text);
});

test('formats counts, addresses, ufrags and counters', () => {
  expect(formatCount(1, 'port')).toBe('1 port');
  expect(formatCount(1200, 'port')).toBe('1,200 ports');
  expect(formatAddress('2001:db8::7', 443)).toBe('[2001:db8::7]:443');
  expect(formatAddress('203.0.113.7', 443)).toBe('203.0.113.7:443');
  expect(shortUfrag(`room+peer+${'abcdef'.padEnd(32, 'x')}`)).toBe('abcdef…');
  expect(counterLabel('stunUnknownUfrag')).toBe('STUN with an unknown ufrag');
  expect(counterLabel('newCounter')).toBe('newCounter');
});
