import { expect, test } from 'vitest';
import { compareResults, differenceText, isGross } from './compare.ts';
import type { Results } from './results.ts';
import type { Group } from './scenario.ts';

const group: Group = {
  name: 'group',
  title: '',
  text: '',
  figures: {
    cpu: { title: 'CPU', unit: 'µs', better: 'lower', ratio: true },
    delay: { title: 'delay', unit: 'ms', better: 'lower' },
  },
  scenarios: [{ name: 'group/one', title: '', short: true, subjects: () => [] }],
};

/** @param factor - the machine's speed, which must not matter */
function results(ratio: number[], factor: number, name = 'shared-port'): Results {
  const runs = (values: number[]) =>
    values.map((cpu, i) => ({ round: i + 1, invalid: [], figures: { cpu, delay: cpu } }));
  return {
    format: 1,
    machine: {
      ...{ cpu: '', cores: 2, memoryGb: 1, system: '', kernel: '', node: '', mediasoup: '' },
    },
    scenarios: [
      {
        ...{ name: 'group/one', at: '2026-12-01T00:00:00Z', commit: '', seconds: 1 },
        subjects: [
          { name: 'single-port', runs: runs(ratio.map(() => 10 * factor)) },
          { name, runs: runs(ratio.map((one) => 10 * factor * one)) },
        ],
      },
    ],
  };
}

test('a ratio that became worse beyond the spread of both is a regression, on a machine of any speed', () => {
  const [difference, ...others] = compareResults(
    results([1, 1.02, 1.04], 1),
    results([1.2, 1.25, 1.3], 3),
    [group],
  );
  expect(difference).toMatchObject({ isRegression: true });
  expect(difference && differenceText(difference)).toMatch(
    /^REGRESSION group\/one, shared-port: CPU: ratio 1\.02 .* -> 1\.25 .*, 23 % worse$/,
  );
  // Figures without ratios depend on the machine.
  expect(others).toEqual([]);
});

test.each([
  ['a small change', [1, 1, 1], [1.05, 1.05, 1.05]],
  ['noise', [0.9, 1, 1.4], [1, 1.2, 1.5]],
  ['an improvement', [1.2, 1.2, 1.2], [0.8, 0.8, 0.8]],
])('%s is none', (_, before, after) => {
  const [difference] = compareResults(results(before, 1), results(after, 1), [group]);
  expect(difference).toMatchObject({ isRegression: false });
});

test('when the stock worker comes closer to ours, ours became worse', () => {
  const stock = (ratio: number) => results([ratio, ratio, ratio], 1, 'stock worker');
  expect(compareResults(stock(1.5), stock(1), [group])[0]).toMatchObject({ isRegression: true });
  expect(compareResults(stock(1), stock(1.5), [group])[0]).toMatchObject({ isRegression: false });
});

test('a short run is judged only by figures that are more than twice as bad as published', () => {
  const published = results([1, 1, 1], 1);
  const isGrossAt = (...ratio: number[]) =>
    compareResults(published, results(ratio, 3), [group]).map(isGross);
  expect(isGrossAt(1.9, 1.9)).toEqual([false]);
  expect(isGrossAt(2.1, 2.2)).toEqual([true]);
});
