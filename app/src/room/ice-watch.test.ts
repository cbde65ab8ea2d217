import type { types } from 'mediasoup-client';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { watchIce } from './ice-watch.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function setUp(restartIce = vi.fn(async () => undefined)) {
  let listener: (state: types.ConnectionState) => void = () => undefined;
  const onLost = vi.fn();
  const stop = watchIce(
    {
      connectionState: 'new',
      on: (_event, given) => {
        listener = given;
      },
    },
    { restartIce, onLost },
  );
  return { become: (state: types.ConnectionState) => listener(state), restartIce, onLost, stop };
}

test('a short disconnection is left to ICE', () => {
  const { become, restartIce } = setUp();
  become('disconnected');
  vi.advanceTimersByTime(2_500);
  become('connected');
  vi.advanceTimersByTime(60_000);
  expect(restartIce).not.toHaveBeenCalled();
});

test('after 3 s ICE is restarted, once; if that helps, nothing is lost', () => {
  const { become, restartIce, onLost } = setUp();
  become('disconnected');
  vi.advanceTimersByTime(3_000);
  become('failed');
  expect(restartIce).toHaveBeenCalledOnce();
  become('connected');
  vi.advanceTimersByTime(60_000);
  expect(onLost).not.toHaveBeenCalled();
});

test('what no restart brings back within 8 s is lost', () => {
  const { become, onLost } = setUp();
  become('failed');
  vi.advanceTimersByTime(7_900);
  expect(onLost).not.toHaveBeenCalled();
  vi.advanceTimersByTime(200);
  expect(onLost).toHaveBeenCalledOnce();
});

test('a refused restart means lost at once', async () => {
  const { become, onLost } = setUp(vi.fn(() => Promise.reject(new Error('no such transport'))));
  become('failed');
  await vi.advanceTimersByTimeAsync(0);
  expect(onLost).toHaveBeenCalledOnce();
});

test('a watch that has ended does nothing', () => {
  const { become, restartIce, stop } = setUp();
  stop();
  become('failed');
  vi.advanceTimersByTime(60_000);
  expect(restartIce).not.toHaveBeenCalled();
});
