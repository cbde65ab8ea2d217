import { expect, test } from 'vitest';
import { readPreferences, writePreferences } from './preferences.ts';

function memory(entry?: string) {
  let value: string | null = entry ?? null;
  return {
    getItem: () => value,
    setItem: (_key: string, text: string) => {
      value = text;
    },
  };
}

test('what was written is read again', () => {
  const storage = memory();
  const preferences = { ...readPreferences(storage), displayName: 'Ada', cameraOn: false };
  writePreferences(storage, preferences);
  expect(readPreferences(storage)).toEqual(preferences);
});

test('nothing, nonsense and wrong types give the defaults', () => {
  const defaults = readPreferences(undefined);
  expect(defaults.microphoneOn).toBe(true);
  for (const entry of ['{', 'null', '[]', '7', '{"displayName":7,"cameraOn":"yes"}']) {
    expect(readPreferences(memory(entry)), entry).toEqual(defaults);
  }
});

test('a storage that refuses does no harm', () => {
  const refuse = () => {
    throw new Error('blocked');
  };
  const storage = { getItem: refuse, setItem: refuse };
  const preferences = readPreferences(storage);
  expect(() => writePreferences(storage, preferences)).not.toThrow();
});
