import { expect, test, vi } from 'vitest';
import { Store } from './store.ts';

test('makes a new value and calls the listeners at each change', () => {
  const store = new Store({ a: 1, b: 2 });
  const before = store.get();
  const listener = vi.fn();
  const stop = store.subscribe(listener);
  store.update({ a: 3 });
  expect(store.get()).toEqual({ a: 3, b: 2 });
  expect(before).toEqual({ a: 1, b: 2 });
  store.update({ a: 3 });
  expect(listener).toHaveBeenCalledTimes(1);
  stop();
  store.update({ a: 4 });
  expect(listener).toHaveBeenCalledTimes(1);
});

test('ignores a rebuilt value that is equal', () => {
  const store = new Store({ list: [{ a: 1 }], b: 2 });
  const listener = vi.fn();
  store.subscribe(listener);
  store.updateIfDifferent({ list: [{ a: 1 }] });
  expect(listener).not.toHaveBeenCalled();
  store.updateIfDifferent({ list: [{ a: 2 }] });
  expect(store.get()).toEqual({ list: [{ a: 2 }], b: 2 });
  expect(listener).toHaveBeenCalledOnce();
});
