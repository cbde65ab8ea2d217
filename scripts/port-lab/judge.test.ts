import { expect, test } from 'vitest';
import { notHere, type Table } from './experiment.ts';
import { type Claim, judge } from './judge.ts';

const table: Table = {
  id: 'udp',
  title: '',
  rowsAre: '',
  columns: ['who'],
  rows: [
    { name: 'a', cells: ['last'] },
    { name: 'b', cells: ['spread'] },
    { name: 'c', cells: [notHere] },
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
  ['left open', claim(['c', 'last'])],
  ['holds', claim(['a', 'last'], ['b'], ['c', 'last'])],
  ['not run here', { ...claim(['a', 'last']), system: 'freebsd' as const }],
] as const)('%s', ([verdict, given]) => {
  expect(judge(given, [table], 'linux').verdict).toBe(verdict);
});

test('skips a claim whose experiment was skipped, for the same reason', () => {
  expect(
    judge(claim(['a']), [{ ...table, rows: [], skipped: 'no such thing' }], 'linux'),
  ).toMatchObject({ verdict: 'skipped', reason: 'no such thing' });
});

test('throws on evidence that no table has', () => {
  expect(() => judge(claim(['d']), [table], 'linux')).toThrow('no cell d, who');
  expect(() => judge(claim(['a']), [], 'linux')).toThrow('no table udp');
});
