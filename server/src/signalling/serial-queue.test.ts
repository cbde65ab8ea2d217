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

test('rejects jobs while it is full, and accepts them again later', async () => {
  const queue = new SerialQueue(2);
  const idle = async () => {};
  expect([queue.push(idle), queue.push(idle), queue.push(idle)]).toEqual([true, true, false]);
  await new Promise(setImmediate);
  expect(queue.push(idle)).toBe(true);
});

test('end() waits for the running job and drops the waiting ones', async () => {
  const queue = new SerialQueue(10);
  const done: string[] = [];
  const running = Promise.withResolvers<void>();
  queue.push(async () => {
    await running.promise;
    done.push('running');
  });
  // Lets the first job start.
  await Promise.resolve();
  queue.push(async () => {
    done.push('waiting');
  });
  const ended = queue.end();
  running.resolve();
  await ended;
  expect(done).toEqual(['running']);
});
