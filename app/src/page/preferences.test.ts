import { expect, test } from 'vitest';
import { newPeerId } from './ids.ts';
import { nameOrGuest, readPreferences, writePreferences } from './preferences.ts';

function memory(entry?: string) {
  let value: string | null = entry ?? null;
  return {
    getItem: () => value,
    setItem: (_key: string, text: string) => {
      value = text;
    },
    removeItem: () => {
      value = null;
    },
  };
}

test('reads what was written', () => {
  const storage = memory();
  const preferences = { ...readPreferences(storage), displayName: 'Ada', cameraOn: false };
  writePreferences(storage, preferences);
  expect(readPreferences(storage)).toEqual(preferences);
});

test('uses the default for a missing entry, invalid JSON and wrong types', () => {
  const defaults = readPreferences(undefined);
  expect(defaults.microphoneOn).toBe(true);
  for (const entry of ['{', 'null', '[]', '7', '{"displayName":7,"cameraOn":"yes"}']) {
    expect(readPreferences(memory(entry)), entry).toEqual(defaults);
  }
});

test('works with blocked storage', () => {
  const blocked = () => {
    throw new Error('blocked');
  };
  const storage = { getItem: blocked, setItem: blocked, removeItem: blocked };
  const preferences = readPreferences(storage);
  expect(() => writePreferences(storage, preferences)).not.toThrow();
});

test('trims a name, and replaces a missing or invalid one', () => {
  expect(nameOrGuest('  Ada ', 'peer')).toBe('Ada');
  const guest = nameOrGuest('', 'peer');
  expect(guest).toMatch(/^Guest [1-9]\d\d$/);
  for (const typed of ['   ', '\u200b', 'x'.repeat(65)]) {
    expect(nameOrGuest(typed, 'peer')).toBe(guest);
  }
});

test('names guests differently', () => {
  const names = Array.from({ length: 30 }, () => nameOrGuest('', newPeerId()));
  expect(new Set(names).size).toBeGreaterThan(20);
});
