import { expect, test } from 'vitest';
import { keepToken, takeToken } from './token.ts';

function places(hash: string) {
  const kept = new Map<string, string>();
  const shown: unknown[] = [];
  return {
    kept,
    shown,
    location: { hash, pathname: '/dashboard', search: '?x=1' },
    history: { replaceState: (_state: unknown, _title: string, url?: unknown) => shown.push(url) },
    storage: {
      getItem: (key: string) => kept.get(key) ?? null,
      setItem: (key: string, value: string) => kept.set(key, value),
    },
  };
}

test('takes the token out of the address, and keeps it for a reload', () => {
  const here = places('#token=abc');
  expect(takeToken(here)).toBe('abc');
  expect(here.shown).toEqual(['/dashboard?x=1']);
  expect(takeToken({ ...here, location: { ...here.location, hash: '' } })).toBe('abc');
});

test('a link’s token comes before the one that is kept', () => {
  const here = places('#token=new');
  keepToken(here.storage, 'old');
  expect(takeToken(here)).toBe('new');
});

test('without one leaves the address alone', () => {
  const here = places('');
  expect(takeToken(here)).toBeUndefined();
  expect(takeToken({ ...here, storage: undefined })).toBeUndefined();
  expect(here.shown).toEqual([]);
});
