import { expect, test } from 'vitest';
import { SerialQueue } from './serial-queue.ts';

test('runs one job after another, in order', async () => {
  const queue = new SerialQueue(10);
  const log: string[] = [];
  const job = (name: string, ticks: number) => async () => {
    log.push(`${name} begins`);
    for (let i = 0; i < ticks; i++) {
      await Promise.resolve();
    }
    log.push(`${name} ends`);
  };
  queue.push(job('slow', 20));
  queue.push(job('quick', 0));
  await new Promise<void>((resolve) => queue.push(async () => resolve()));
  expect(log).toEqual(['slow begins', 'slow ends', 'quick begins', 'quick ends']);
});

test('refuses more than may wait, and takes jobs again later', async () => {
  const queue = new SerialQueue(2);
  const idle = async () => {};
  expect([queue.push(idle), queue.push(idle), queue.push(idle)]).toEqual([true, true, false]);
  await new Promise(setImmediate);
  expect(queue.push(idle)).toBe(true);
});

test('when it ends, what runs is waited for, and what waits does not run', async () => {
  const queue = new SerialQueue(10);
  const done: string[] = [];
  const running = Promise.withResolvers<void>();
  queue.push(async () => {
    await running.promise;
    done.push('running');
  });
  // The first one shall have begun.
  await Promise.resolve();
  queue.push(async () => {
    done.push('waiting');
  });
  const ended = queue.end();
  running.resolve();
  await ended;
  expect(done).toEqual(['running']);
});
