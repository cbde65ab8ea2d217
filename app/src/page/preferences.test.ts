import { expect, test } from 'vitest';
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
  expect(nameOrGuest('  Ada ')).toBe('Ada');
  for (const typed of ['', '   ', '\u200b', 'x'.repeat(65)]) {
    expect(nameOrGuest(typed)).toBe('Guest');
  }
});
