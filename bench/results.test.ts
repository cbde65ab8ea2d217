import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../testkit/system/temporary-folder.ts';
import {
  type Results,
  readResults,
  type ScenarioResult,
  valuesOf,
  writeResults,
} from './results.ts';

const machine = {
  ...{ cpu: 'a', cores: 2, memoryGb: 8, system: 'Debian', kernel: '6.18' },
  ...{ node: 'v24', mediasoup: '3.27.1' },
};

const scenario = (name: string, commit: string): ScenarioResult => ({
  ...{ name, commit, at: '2026-12-01T08:00:00.000Z', seconds: 3 },
  subjects: [{ name: 'single-port', runs: [{ round: 1, figures: { cpu: 9.5 }, invalid: [] }] }],
});

const results = (...scenarios: ScenarioResult[]): Results => ({ format: 1, machine, scenarios });

test('scenarios that were not measured again are kept', () => {
  const file = join(temporaryFolder(), 'results.json');
  writeResults(file, results(scenario('b/10', 'old'), scenario('b/9', 'old')));
  writeResults(file, results(scenario('b/10', 'new')));
  expect(readResults(file).scenarios.map(({ name, commit }) => [name, commit])).toEqual([
    ['b/9', 'old'],
    ['b/10', 'new'],
  ]);
});

test('results of two machines are not mixed', () => {
  const file = join(temporaryFolder(), 'results.json');
  writeResults(file, results(scenario('a/1', 'x')));
  const other = { ...results(scenario('a/2', 'x')), machine: { ...machine, kernel: '7.0' } };
  expect(() => writeResults(file, other)).toThrow('another machine (kernel: 6.18)');
});

test('a file of something else is rejected', () => {
  const file = join(temporaryFolder(), 'results.json');
  writeFileSync(file, '{"format": 2}');
  expect(() => readResults(file)).toThrow('is not a results file');
});

test('an invalid run has no values', () => {
  const runs = [
    { round: 1, figures: { cpu: 1 }, invalid: [] },
    { round: 2, figures: { cpu: 50 }, invalid: ['lost packets'] },
  ];
  expect(valuesOf(runs, 'cpu')).toEqual(new Map([[1, 1]]));
});
