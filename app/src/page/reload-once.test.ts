import { expect, test, vi } from 'vitest';
import { forgetReload, reloadOnce } from './reload-once.ts';
import type { PageStorage } from './storage.ts';

function memory(): PageStorage {
  const entries = new Map<string, string>();
  return {
    getItem: (key) => entries.get(key) ?? null,
    setItem: (key, value) => void entries.set(key, value),
    removeItem: (key) => void entries.delete(key),
  };
}

test('reloads an outdated page once, and again only after the server has accepted the page', () => {
  const storage = memory();
  const reload = vi.fn();
  reloadOnce(storage, reload);
  reloadOnce(storage, reload);
  expect(reload).toHaveBeenCalledTimes(1);
  forgetReload(storage);
  reloadOnce(storage, reload);
  reloadOnce(storage, reload);
  expect(reload).toHaveBeenCalledTimes(2);
});

test.each<[string, PageStorage | undefined]>([
  ['there is no storage', undefined],
  [
    'storage is full',
    {
      ...memory(),
      setItem: () => {
        throw new DOMException('full', 'QuotaExceededError');
      },
    },
  ],
])('does not reload when %s, because that could repeat endlessly', (_, storage) => {
  const reload = vi.fn();
  reloadOnce(storage, reload);
  expect(reload).not.toHaveBeenCalled();
});
