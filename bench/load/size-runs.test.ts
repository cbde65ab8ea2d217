import { expect, test } from 'vitest';
import { noSizes, SizeRuns } from './size-runs.ts';

test('packets of equal size within 1.5 ms of each other are a run', () => {
  const counts = noSizes();
  const one = new SizeRuns(counts);
  const other = new SizeRuns(counts);
  for (const [size, at] of [
    [1200, 10],
    [1200, 11],
    [1200, 12],
    [1199, 12],
    // After a pause, although the size is the same.
    [1199, 14],
  ] as const) {
    one.add(size, at);
  }
  // Another receiver's packet in between is a run of its own.
  other.add(1199, 14);
  expect(counts).toEqual({ packets: 6, runs: 4 });
});
