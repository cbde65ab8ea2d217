import { expect, test } from 'vitest';
import { limitKeyOf } from '../net/ip.ts';
import { QueuedBytes } from './queued-bytes.ts';
import { SerialQueue } from './serial-queue.ts';

const plenty = new QueuedBytes(1_000_000);
const queueOf = (maxJobs: number, maxBytes = 1_000_000, total = plenty) =>
  new SerialQueue({ maxJobs, maxBytes, total, address: 'one', onEvicted: () => {} });
const idle = async () => {};

test('runs one job after another, in order', async () => {
  const queue = queueOf(10);
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
  const queue = queueOf(2);
  const full = 'queued_requests';
  expect([1, 2, 3].map(() => queue.push(idle))).toEqual([undefined, undefined, full]);
  await new Promise(setImmediate);
  expect(queue.push(idle)).toBeUndefined();
});

test('end() waits for the running job and drops the waiting ones', async () => {
  const queue = queueOf(10);
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

test('limits the bytes that a queue holds', async () => {
  const total = new QueuedBytes(1000);
  const queue = queueOf(10, 100, total);
  const full = 'queued_bytes';
  expect([90, 90, 1].map((bytes) => queue.push(idle, bytes))).toEqual([undefined, undefined, full]);
  await new Promise(setImmediate);
  expect(total.used).toBe(0);
  expect(queue.push(idle, 10)).toBeUndefined();
});

test('beyond the bytes of all queues, the network that holds the most loses its largest queue', async () => {
  const total = new QueuedBytes(300);
  const evicted: string[] = [];
  const done: string[] = [];
  const queue = (name: string, address: string) => {
    const onEvicted = () => evicted.push(name);
    const own = new SerialQueue({ maxJobs: 10, maxBytes: 200, total, address, onEvicted });
    return (bytes: number) =>
      own.push(async () => {
        done.push(name);
      }, bytes);
  };
  const of48 = (n: number) => limitKeyOf(`2001:db8:0:${n}::1`);
  const [small, large, other] = [
    queue('small', of48(1)),
    queue('large', of48(2)),
    queue('other', limitKeyOf('192.0.2.1')),
  ];
  small(80);
  large(100);
  // The largest queue of all, but of a network that holds less.
  other(115);
  expect(other(10)).toBeUndefined();
  expect(evicted).toEqual(['large']);
  expect(total.used).toBe(205);
  await new Promise(setImmediate);
  expect(done.sort()).toEqual(['other', 'other', 'small']);
  expect(total.used).toBe(0);
});

test('a queue that has ended holds the bytes of the running job only, until that is done', async () => {
  const total = new QueuedBytes(1000);
  const queue = queueOf(10, 1000, total);
  const running = Promise.withResolvers<void>();
  queue.push(() => running.promise, 5);
  queue.push(idle, 700);
  await Promise.resolve();
  const ended = queue.end();
  expect(total.used).toBe(5);
  queue.push(idle, 700);
  running.resolve();
  await ended;
  expect(total.used).toBe(0);
});
