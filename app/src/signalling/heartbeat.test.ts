import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { startHeartbeat } from './heartbeat.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test('keeps pinging while the server answers', async () => {
  const [ping, onDead] = [vi.fn(async () => ({})), vi.fn()];
  const heartbeat = startHeartbeat({ ping, onDead });
  await vi.advanceTimersByTimeAsync(60_000);
  expect(ping).toHaveBeenCalledTimes(6);
  heartbeat.stop();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(ping).toHaveBeenCalledTimes(6);
  expect(onDead).not.toHaveBeenCalled();
});

test('reports a missing answer once, within 5 s', async () => {
  const [ping, onDead] = [vi.fn(() => new Promise(() => undefined)), vi.fn()];
  const heartbeat = startHeartbeat({ ping, onDead });
  heartbeat.beat();
  heartbeat.beat();
  await vi.advanceTimersByTimeAsync(4_999);
  expect(onDead).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(ping).toHaveBeenCalledOnce();
  expect(onDead).toHaveBeenCalledOnce();
});

test('takes an error for an answer', async () => {
  const onDead = vi.fn();
  startHeartbeat({ ping: () => Promise.reject(new Error('405')), onDead }).beat();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(onDead).not.toHaveBeenCalled();
});
