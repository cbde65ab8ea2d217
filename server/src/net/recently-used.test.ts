import { expect, test } from 'vitest';
import { RecentlyUsed } from './recently-used.ts';

test('remembers 10,000 keys, and forgets the one that was used longest ago first', () => {
  let created = 0;
  const numbers = new RecentlyUsed(() => created++);
  expect(numbers.get('192.0.2.1')).toBe(0);
  for (let n = 0; n < 25_000; n++) {
    numbers.get(`10.${n >> 16}.${(n >> 8) & 255}.${n & 255}`);
    if (n % 5000 === 0) {
      expect(numbers.get('192.0.2.1'), 'it stays remembered').toBe(0);
    }
  }
  expect(numbers.sizeForTesting).toBe(10_000);
  expect(numbers.get('10.0.0.0'), 'created again').toBe(created - 1);
});
