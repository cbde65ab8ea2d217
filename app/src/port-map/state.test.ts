import type { PortMapUpdate, TransportRow } from '@oneport/protocol';
import { expect, test } from 'vitest';
import { withUpdate } from './state.ts';

/** The state looks at no other field. */
const transportRow = (row: Pick<TransportRow, 'key'> & Partial<TransportRow>) =>
  row as TransportRow;

const first: PortMapUpdate = {
  at: 1,
  transports: { set: [transportRow({ key: 'a' }), transportRow({ key: 'b' })], gone: [] },
  ports: { set: [], gone: [] },
};

test('replaces the rows of an update, removes closed ones, and keeps the others', () => {
  const before = withUpdate(undefined, first);
  const changed = transportRow({ key: 'b', phase: 'stun' });
  const after = withUpdate(before, {
    at: 2,
    transports: { set: [changed, transportRow({ key: 'c' })], gone: ['a'] },
  });
  expect([...after.transports.keys()]).toEqual(['b', 'c']);
  expect(after.transports.get('b')).toBe(changed);
  expect(after.at).toBe(2);
  expect(after.ports, 'not in the update').toBe(before.ports);
  expect([...before.transports.keys()], 'immutable').toEqual(['a', 'b']);
});

test('forgets everything at the first update of a connection', () => {
  const again = withUpdate(undefined, {
    at: 9,
    transports: { set: [transportRow({ key: 'z' })], gone: [] },
  });
  expect([...again.transports.keys()]).toEqual(['z']);
});
