import { expect, test } from 'vitest';
import type { Table } from './experiment.ts';
import { type Claim, judge } from './judge.ts';

const table: Table = {
  id: 'udp',
  title: '',
  rowsAre: '',
  columns: ['who'],
  rows: [
    { name: 'a', cells: ['last'] },
    { name: 'b', cells: ['spread'] },
  ],
};

function claim(...evidence: [row: string, says?: string][]): Claim {
  return {
    id: 'it',
    chinese: '',
    english: '',
    since: '',
    evidence: evidence.map(([row, says]) => ['udp', row, 'who', says]),
  };
}

test.for([
  ['holds', claim(['a', 'last'])],
  ['holds in part', claim(['a', 'last'], ['b', 'last'])],
  ['does not hold', claim(['b', 'last'])],
  ['left open', claim(['b'])],
  ['holds', claim(['a', 'last'], ['b'])],
  ['not run here', { ...claim(), evidence: undefined }],
] as const)('%s', ([verdict, given]) => {
  expect(judge(given, [table]).verdict).toBe(verdict);
});

test('skips a claim whose experiment was skipped, for the same reason', () => {
  const skipped = { ...table, rows: [], skipped: 'no such thing' };
  expect(judge(claim(['a']), [skipped])).toMatchObject({
    verdict: 'skipped',
    reason: 'no such thing',
  });
});

test('throws on evidence that no table has', () => {
  expect(() => judge(claim(['d']), [table])).toThrow('no cell d, who');
  expect(() => judge(claim(['a']), [])).toThrow('no table udp');
});
