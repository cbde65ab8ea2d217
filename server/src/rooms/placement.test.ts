import { expect, test } from 'vitest';
import { selectWorker } from './placement.ts';

const worker = (change = {}) => ({
  busy: false,
  load: 0,
  expectedTransports: 0,
  routers: 0,
  ...change,
});
const spread = { maxWorkers: 2, growAt: 0.6 };

test('a room without a worker gets the one with the most headroom', () => {
  const busy = worker({ busy: true });
  const loaded = worker({ load: 0.4 });
  const crowded = worker({ load: 0.05, expectedTransports: 9 });
  const free = worker({ load: 0.09, expectedTransports: 8 });
  expect(selectWorker([busy, loaded, crowded, free], new Set(), spread)).toBe(free);
  expect(selectWorker([busy, loaded, crowded], new Set(), spread)).toBe(crowded);
  expect(selectWorker([busy], new Set(), spread)).toBe(busy);
  expect(selectWorker([], new Set(), spread)).toBeUndefined();
});

test('a room stays on its workers below the load at which it grows', () => {
  const own = worker({ load: 0.59, expectedTransports: 100 });
  expect(selectWorker([worker(), own], new Set([own]), spread)).toBe(own);
  const other = worker({ load: 0.3 });
  expect(selectWorker([worker(), own, other], new Set([own, other]), spread)).toBe(other);
});

test.each([
  ['loaded', { load: 0.6 }],
  ['busy', { busy: true }],
])('a room whose workers are all %s grows', (_, change) => {
  const [own, free] = [worker(change), worker()];
  expect(selectWorker([own, free], new Set([own]), spread)).toBe(free);
});

test('a room does not grow onto a worker that is busy, or has no more headroom, or beyond its limit', () => {
  const own = worker({ load: 0.7 });
  expect(selectWorker([own, worker({ busy: true })], new Set([own]), spread)).toBe(own);
  expect(selectWorker([own, worker({ load: 0.7 })], new Set([own]), spread)).toBe(own);
  const second = worker({ load: 0.8 });
  expect(selectWorker([own, second, worker()], new Set([own, second]), spread)).toBe(own);
});

test('a room that grows at 0 spreads its peers', () => {
  const [own, free] = [worker({ expectedTransports: 1 }), worker()];
  expect(selectWorker([own, free], new Set([own]), { maxWorkers: 2, growAt: 0 })).toBe(free);
  expect(selectWorker([own, free], new Set([own]), { maxWorkers: 1, growAt: 0 })).toBe(own);
});
