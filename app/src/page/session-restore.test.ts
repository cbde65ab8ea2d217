import { expect, test } from 'vitest';
import { type SavedSession, saveSession, takeSavedSession } from './session-restore.ts';

const session: SavedSession = {
  roomId: 'room',
  peerId: 'peer',
  displayName: 'Ada',
  resumeSecret: 'secret',
  microphone: true,
  camera: false,
};

function memory(entry?: string) {
  const entries = new Map(entry === undefined ? [] : [['oneport.session', entry]]);
  return {
    getItem: (key: string) => entries.get(key) ?? null,
    setItem: (key: string, text: string) => void entries.set(key, text),
    removeItem: (key: string) => void entries.delete(key),
    entries,
  };
}

test('restores a saved session once, and leaves nothing in the storage', () => {
  const storage = memory();
  saveSession(storage, session, 1_000);
  expect(takeSavedSession(storage, 'room', 2_000)).toEqual(session);
  expect(storage.entries.size).toBe(0);
  expect(takeSavedSession(storage, 'room', 2_000)).toBeUndefined();
});

test('restores a session that was waiting to be admitted, which has no secret', () => {
  const storage = memory();
  const waiting = { ...session, resumeSecret: undefined };
  saveSession(storage, waiting, 1_000);
  expect(takeSavedSession(storage, 'room', 2_000)).toEqual(waiting);
});

test.each([
  ['in another room', 'other', 2_000],
  ['that is a minute old', 'room', 61_000],
  ['from the future', 'room', 500],
])('neither restores nor keeps a session %s', (_, roomId, now) => {
  const storage = memory();
  saveSession(storage, session, 1_000);
  expect(takeSavedSession(storage, roomId, now)).toBeUndefined();
  expect(storage.entries.size).toBe(0);
});

test('removes an older session when there is none to save', () => {
  const storage = memory();
  saveSession(storage, session, 1_000);
  saveSession(storage, undefined, 1_000);
  expect(storage.entries.size).toBe(0);
});

test.each([
  '{',
  'null',
  '7',
  '[]',
  '{}',
  JSON.stringify({ ...session, savedAt: 1_000, resumeSecret: 7 }),
  JSON.stringify({ ...session, savedAt: 1_000, peerId: '../' }),
  JSON.stringify({ ...session, savedAt: 1_000, displayName: '' }),
  JSON.stringify({ ...session, savedAt: 'now' }),
])('ignores an invalid entry: %s', (entry) => {
  expect(takeSavedSession(memory(entry), 'room', 1_000)).toBeUndefined();
});

test('works with blocked storage', () => {
  const blocked = () => {
    throw new Error('blocked');
  };
  const storage = { getItem: blocked, setItem: blocked, removeItem: blocked };
  expect(() => saveSession(storage, session, 0)).not.toThrow();
  expect(takeSavedSession(storage, 'room', 0)).toBeUndefined();
  expect(takeSavedSession(undefined, 'room', 0)).toBeUndefined();
});
