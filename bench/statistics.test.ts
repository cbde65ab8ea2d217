import { expect, test } from 'vitest';
import { median, ratioOf, summaryOf } from './statistics.ts';

test('the median of an even number of runs is between the middle two', () => {
  expect(median([4, 1, 3])).toBe(3);
  expect(median([10, 4, 1, 3])).toBe(3.5);
  expect(() => median([])).toThrow(TypeError);
});

test('a summary has the range of all runs', () => {
  expect(summaryOf([5, 2, 9])).toEqual({ median: 5, min: 2, max: 9, runs: 3 });
  expect(summaryOf([])).toBeUndefined();
});

test('a ratio compares within a round, and leaves out rounds that lack one of the two', () => {
  // The machine was twice as slow in round 2: the ratio does not change.
  const base = new Map([
    [1, 10],
    [2, 20],
    [4, 10],
  ]);
  const values = new Map([
    [1, 11],
    [2, 22],
    [3, 100],
    [4, 13],
  ]);
  const ratio = ratioOf(values, base);
  expect(ratio?.runs).toBe(3);
  expect(ratio?.median).toBeCloseTo(1.1);
  expect(ratio?.max).toBeCloseTo(1.3);
  expect(ratioOf(new Map([[3, 1]]), base)).toBeUndefined();
});
