import { expect, test } from 'vitest';
import { cached } from './cached.ts';

test('makes one result at a time, and the next when its time has passed since the last one was ready', async () => {
  let now = 0;
  let made = 0;
  let ready = Promise.withResolvers<void>();
  const get = cached(
    async () => {
      const number = ++made;
      await ready.promise;
      return number;
    },
    1_000,
    () => now,
  );
  const first = [get(), get()];
  now = 5_000;
  first.push(get());
  expect(made).toBe(1);
  ready.resolve();
  expect(await Promise.all(first)).toEqual([1, 1, 1]);
  now = 5_999;
  expect(await get()).toBe(1);
  ready = Promise.withResolvers();
  now = 6_000;
  const next = [get(), get()];
  ready.resolve();
  expect(await Promise.all(next)).toEqual([2, 2]);
});

test('keeps a failure as long as a result', async () => {
  let now = 0;
  const get = cached(
    () => Promise.reject(new Error(`at ${now}`)),
    1_000,
    () => now,
  );
  await expect(get()).rejects.toThrow('at 0');
  now = 999;
  await expect(get()).rejects.toThrow('at 0');
  now = 1_000;
  await expect(get()).rejects.toThrow('at 1000');
});
