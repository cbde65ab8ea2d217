import { expect, test } from 'vitest';
import type { RemoteMedia } from '../media/consumers.ts';
import { assemblePeople } from './remote-peers.ts';

const device = { flag: 'chrome', name: 'Chrome' };
const ada = { peerId: 'a', displayName: 'Ada', device };
const bob = { peerId: 'b', displayName: 'Bob', device };
const camera: RemoteMedia = {
  consumerId: 'c',
  peerId: 'b',
  source: 'camera',
  track: {} as MediaStreamTrack,
  state: 'live',
};

test('each gets what is theirs, in order', () => {
  const people = assemblePeople([ada, bob], [camera], []);
  expect(people.map(({ displayName }) => displayName)).toEqual(['Ada', 'Bob']);
  expect(people[0]?.camera).toBeUndefined();
  expect(people[1]?.camera).toBe(camera);
});

test('media of somebody who is not known yet waits', () => {
  expect(assemblePeople([ada], [camera], [])).toHaveLength(1);
});

test('what has not changed stays the same object', () => {
  const before = assemblePeople([ada, bob], [camera], []);
  expect(assemblePeople([ada, bob], [camera], before)).toBe(before);
  const after = assemblePeople([ada, bob], [{ ...camera, state: 'paused' }], before);
  expect(after).not.toBe(before);
  expect(after[0]).toBe(before[0]);
  expect(after[1]?.camera?.state).toBe('paused');
});
