import { expect, test } from 'vitest';
import { hueOf, initials } from './avatar.tsx';

test('takes the initials from the first and the last word', () => {
  expect(initials('Ada Lovelace')).toBe('AL');
  expect(initials('  grace  brewster murray hopper ')).toBe('GH');
  expect(initials('李')).toBe('李');
  expect(initials('😀 x')).toBe('😀X');
});

test('gives the same peer always the same hue', () => {
  expect(hueOf('abc')).toBe(hueOf('abc'));
  expect(hueOf('abc')).toBeGreaterThanOrEqual(0);
  expect(hueOf('abcdef')).toBeLessThan(360);
});
