import { expect, test } from 'vitest';
import { ninjaProgress } from './ninja-progress.ts';

test('tells each step once, whatever else ninja says', () => {
  const told: string[] = [];
  const onLine = ninjaProgress((text) => told.push(text), 50);

  for (const line of ['[0/4] a', 'a warning [3/4]', '[1/4] b', '[2/4] c', '[3/4] d', '[4/4] e']) {
    onLine(line);
  }

  expect(told).toEqual(['compiled 0 %', 'compiled 50 %', 'compiled 100 %']);
});
