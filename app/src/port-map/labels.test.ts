import { expect, test } from 'vitest';
import {
  addressWords,
  bytesWords,
  counterName,
  countWords,
  sinceWords,
  ufragWords,
} from './labels.ts';

test.each([
  [0, '0 B'],
  [999, '999 B'],
  [1000, '1.0 kB'],
  [99_400, '99 kB'],
  [123_456, '123 kB'],
  [999_600, '1.0 MB'],
  [12_345_678, '12 MB'],
])('%i bytes are %s', (bytes, words) => {
  expect(bytesWords(bytes)).toBe(words);
});

test.each([
  [-5, '0 s'],
  [59_999, '59 s'],
  [60_000, '1 min'],
  [3_599_999, '59 min'],
  [3_600_000 * 26 + 60_000, '26 h 1 min'],
  [3_600_000 * 49, '2 days'],
])('%i ms are %s', (milliseconds, words) => {
  expect(sinceWords(milliseconds)).toBe(words);
});

test('counts, addresses, ufrags, counters', () => {
  expect(countWords(1, 'port')).toBe('1 port');
  expect(countWords(1200, 'port')).toBe('1,200 ports');
  expect(addressWords('2001:db8::7', 443)).toBe('[2001:db8::7]:443');
  expect(addressWords('203.0.113.7', 443)).toBe('203.0.113.7:443');
  expect(ufragWords(`room+peer+${'abcdef'.padEnd(32, 'x')}`)).toBe('abcdef…');
  expect(counterName('stunUnknownUfrag')).toBe('STUN with an unknown ufrag');
  expect(counterName('newCounter')).toBe('newCounter');
});
