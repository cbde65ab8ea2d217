import { expect, test } from 'vitest';
import type { Results, Run } from '../results.ts';
import type { Group } from '../scenario.ts';
import { writePage } from './page.ts';

const group: Group = {
  name: 'group',
  title: 'A chapter',
  text: 'The figures and their meaning.',
  figures: {
    cpu: { title: 'CPU', unit: 'µs', better: 'lower', ratio: true },
    rate: { title: 'rate', unit: '', better: 'higher' },
  },
  plot: { figure: 'cpu' },
  scenarios: [{ name: 'group/one', title: 'one to one', short: true, subjects: () => [] }],
};

function results(subjects: Record<string, Run[]>): Results {
  return {
    format: 1,
    machine: {
      ...{ cpu: 'EPYC', cores: 2, memoryGb: 8, system: 'Debian', kernel: '6.18' },
      ...{ node: 'v24', mediasoup: '3.27.1' },
    },
    scenarios: [
      {
        ...{ name: 'group/one', at: '2026-12-01T08:00:00.000Z', commit: 'abc', seconds: 3 },
        subjects: Object.entries(subjects).map(([name, runs]) => ({ name, runs })),
      },
    ],
  };
}

const valid = (...values: number[]): Run[] =>
  values.map((cpu, i) => ({
    ...{ round: i + 1, figures: { cpu, rate: 1234.5 }, invalid: [] },
    load: { generator: 0.3, worker: 0.5 },
  }));

test('a row has the median, the range, the ratio by rounds, and the load of the generator', () => {
  const files = writePage(
    results({
      'single-port': valid(8, 9, 10, 11, 12),
      'shared-port': valid(8.8, 9.9, 11, 12.1, 12),
    }),
    [group],
  );
  const page = files.get('benchmarks.md');
  expect(page).toContain('| one to one | single-port | 10 (8 to 12) | 1 | 1,235 | 30 % | 5 |');
  expect(page).toContain(
    '|  | shared-port | 11 (8.8 to 12.1) | **1.10** (1.00 to 1.10) | 1,235 | 30 % | 5 |',
  );
  expect(page).toContain('at commit abc: `npm run bench -- --scenario group`, 3 s a run');
});

test('figures of invalid runs appear nowhere, and four valid runs are not enough', () => {
  const broken = (round: number): Run => ({
    ...{ round, figures: { cpu: 777, rate: 777 }, invalid: [`${round} packets were lost`] },
  });
  const files = writePage(
    results({
      'single-port': [...valid(8, 9, 10, 11, 12), broken(6)],
      'shared-port': [...valid(555, 555, 555, 555), broken(5), broken(6)],
    }),
    [group],
  );
  const [page, picture] = [files.get('benchmarks.md'), files.get('images/benchmarks-group.svg')];
  expect(page).toContain('| single-port | 10 (8 to 12) | 1 | 1,235 | 30 % | 5 of 6 |');
  expect(page).toContain('| shared-port | *invalid: 5 packets were lost* |');
  expect(page + String(picture)).not.toMatch(/777|555/);
  expect(picture).toContain('>single-port<');
});

test('a scenario that no chapter has is an error', () => {
  expect(() => writePage(results({}), [])).toThrow('no scenario is named group/one');
});
