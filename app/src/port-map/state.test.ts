import type { DashboardUpdate } from '@oneport/protocol';
import { expect, test } from 'vitest';
import { transportRow } from './fixtures.ts';
import { withUpdate } from './state.ts';

const first: DashboardUpdate = {
  at: 1,
  transports: { set: [transportRow({ key: 'a' }), transportRow({ key: 'b' })], gone: [] },
  ports: { set: [], gone: [] },
};

test('an update replaces rows, removes those that are gone, and leaves the others', () => {
  const before = withUpdate(undefined, first);
  const changed = transportRow({ key: 'b', phase: 'stun' });
  const after = withUpdate(before, {
    at: 2,
    transports: { set: [changed, transportRow({ key: 'c' })], gone: ['a'] },
  });
  expect([...after.transports.keys()]).toEqual(['b', 'c']);
  expect(after.transports.get('b')).toBe(changed);
  expect(after.at).toBe(2);
  expect(after.ports, 'not touched').toBe(before.ports);
  expect([...before.transports.keys()], 'not changed').toEqual(['a', 'b']);
});

test('the first of a connection has everything: what was known before is forgotten', () => {
  const again = withUpdate(undefined, {
    at: 9,
    transports: { set: [transportRow({ key: 'z' })], gone: [] },
  });
  expect([...again.transports.keys()]).toEqual(['z']);
});
