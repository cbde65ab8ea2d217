import { expect, test } from 'vitest';
import { BoundedSet } from './moderation.ts';

test('a full BoundedSet forgets the member that was added longest ago', () => {
  const set = new BoundedSet(3);
  for (const member of ['a', 'b', 'c', 'a', 'd']) {
    set.add(member);
  }
  expect(['a', 'b', 'c', 'd'].filter((member) => set.has(member))).toEqual(['a', 'c', 'd']);
  set.delete('c');
  set.add('e');
  expect(['a', 'c', 'd', 'e'].filter((member) => set.has(member))).toEqual(['a', 'd', 'e']);
});
