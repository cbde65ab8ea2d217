import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { startHeartbeat } from './heartbeat.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test('while answers come, it goes on asking', async () => {
  const [ping, onDead] = [vi.fn(async () => ({})), vi.fn()];
  const heartbeat = startHeartbeat({ ping, onDead });
  await vi.advanceTimersByTimeAsync(60_000);
  expect(ping).toHaveBeenCalledTimes(6);
  heartbeat.stop();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(ping).toHaveBeenCalledTimes(6);
  expect(onDead).not.toHaveBeenCalled();
});

test('an answer that does not come is told once, in time', async () => {
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

test('a refusal is an answer', async () => {
  const onDead = vi.fn();
  startHeartbeat({ ping: () => Promise.reject(new Error('405')), onDead }).beat();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(onDead).not.toHaveBeenCalled();
});
