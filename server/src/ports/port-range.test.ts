import { expect, test } from 'vitest';
import { portRangeOf } from './port-range.ts';

test.each([
  [1, [[40000, 40009]]],
  [
    2,
    [
      [40000, 40004],
      [40005, 40009],
    ],
  ],
  [
    3,
    [
      [40000, 40002],
      [40003, 40005],
      [40006, 40009],
    ],
  ],
])('splits 40000 to 40009 over %i workers', (numWorkers, expected) => {
  const range = { minPort: 40000, maxPort: 40009 };
  const parts = Array.from({ length: numWorkers }, (_, i) => portRangeOf(range, numWorkers, i));
  expect(parts.map(({ min, max }) => [min, max])).toEqual(expected);
});
