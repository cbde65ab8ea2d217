import { expect, test } from 'vitest';
import { keepPlace, type Place, takePlace } from './session-restore.ts';

const place: Place = {
  roomId: 'room',
  peerId: 'peer',
  displayName: 'Ada',
  resumeSecret: 'secret',
  microphone: true,
  camera: false,
};

function memory(entry?: string) {
  const entries = new Map(entry === undefined ? [] : [['oneport.place', entry]]);
  return {
    getItem: (key: string) => entries.get(key) ?? null,
    setItem: (key: string, text: string) => void entries.set(key, text),
    removeItem: (key: string) => void entries.delete(key),
    entries,
  };
}

test('what was kept is taken once, and nothing is left behind', () => {
  const storage = memory();
  keepPlace(storage, place, 1_000);
  expect(takePlace(storage, 'room', 2_000)).toEqual(place);
  expect(storage.entries.size).toBe(0);
  expect(takePlace(storage, 'room', 2_000)).toBeUndefined();
});

test.each([
  ['in another room', 'other', 2_000],
  ['a minute old', 'room', 61_000],
  ['of the future', 'room', 500],
])('a place %s is none, and is not kept either', (_, roomId, now) => {
  const storage = memory();
  keepPlace(storage, place, 1_000);
  expect(takePlace(storage, roomId, now)).toBeUndefined();
  expect(storage.entries.size).toBe(0);
});

test('who is in no call leaves nothing, not even what was there', () => {
  const storage = memory();
  keepPlace(storage, place, 1_000);
  keepPlace(storage, undefined, 1_000);
  expect(storage.entries.size).toBe(0);
});

test.each([
  '{',
  'null',
  '7',
  '[]',
  '{}',
  JSON.stringify({ ...place, keptAt: 1_000, resumeSecret: 7 }),
  JSON.stringify({ ...place, keptAt: 1_000, peerId: '../' }),
  JSON.stringify({ ...place, keptAt: 1_000, displayName: '' }),
  JSON.stringify({ ...place, keptAt: 'now' }),
])('nonsense is no place: %s', (entry) => {
  expect(takePlace(memory(entry), 'room', 1_000)).toBeUndefined();
});

test('a storage that refuses does no harm', () => {
  const refuse = () => {
    throw new Error('blocked');
  };
  const storage = { getItem: refuse, setItem: refuse, removeItem: refuse };
  expect(() => keepPlace(storage, place, 0)).not.toThrow();
  expect(takePlace(storage, 'room', 0)).toBeUndefined();
  expect(takePlace(undefined, 'room', 0)).toBeUndefined();
});
