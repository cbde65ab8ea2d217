import { expect, test } from 'vitest';
import { type Claim, type Evidence, judge } from './claim.ts';
import { notHere, type Table } from './experiment.ts';

const last = { words: 'last', isMet: (cell: string) => cell === 'last' };

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

function claim(...evidence: Omit<Evidence, 'table' | 'column'>[]): Claim {
  return {
    id: 'it',
    chinese: '',
    english: '',
    since: '',
    evidence: evidence.map((entry) => ({ ...entry, table: 'udp', column: 'who' })),
  };
}

test.for([
  ['holds', claim({ row: 'a', says: last })],
  ['holds in part', claim({ row: 'a', says: last }, { row: 'b', says: last })],
  ['does not hold', claim({ row: 'b', says: last })],
  ['left open', claim({ row: 'b' })],
  ['left open', claim({ row: 'c', says: last })],
  ['holds', claim({ row: 'a', says: last }, { row: 'b' }, { row: 'c', says: last })],
  ['not run here', { ...claim({ row: 'a', says: last }), system: 'freebsd' as const }],
] as const)('%s', ([verdict, given]) => {
  expect(judge(given, [table], 'linux').verdict).toBe(verdict);
});

test('a claim whose experiment was skipped is skipped for the same reason', () => {
  expect(
    judge(claim({ row: 'a' }), [{ ...table, rows: [], skipped: 'no such thing' }], 'linux'),
  ).toMatchObject({ verdict: 'skipped', reason: 'no such thing' });
});

test('evidence that no table has is a mistake of ours', () => {
  expect(() => judge(claim({ row: 'd' }), [table], 'linux')).toThrow('no cell d, who');
  expect(() => judge(claim({ row: 'a' }), [], 'linux')).toThrow('no table udp');
});
