import { expect, test } from 'vitest';
import { nameOrGuest } from './display-name.ts';

test('a name is trimmed; no name, or an impossible one, is a guest', () => {
  expect(nameOrGuest('  Ada ')).toBe('Ada');
  for (const typed of ['', '   ', '\u200b', 'x'.repeat(65)]) {
    expect(nameOrGuest(typed)).toBe('Guest');
  }
});
