import { expect, onTestFinished, test, vi } from 'vitest';
import { throttle } from './throttle.ts';

test('runs a burst at once, then at the rate, and once more after the last call', () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  let state = 0;
  const seen: number[] = [];
  const notify = throttle(
    () => seen.push(state),
    { burst: 3, perSecond: 2 },
    () => Date.now(),
  );
  for (let i = 0; i < 1_000; i++) {
    state += 1;
    notify();
  }
  expect(seen).toEqual([1, 2, 3]);
  vi.advanceTimersByTime(10_000);
  expect(seen).toEqual([1, 2, 3, 1_000]);
  for (let i = 0; i < 10_000; i++) {
    state += 1;
    notify();
    vi.advanceTimersByTime(1);
  }
  // Three at once, two a second for ten seconds.
  expect(seen.length).toBeLessThanOrEqual(4 + 3 + 20);
  vi.advanceTimersByTime(1_000);
  expect(seen.at(-1)).toBe(11_000);
});
