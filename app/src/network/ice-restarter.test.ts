import type { types } from 'mediasoup-client';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { RequestError } from '../signalling/signalling.ts';
import { IceWatch } from './ice-restarter.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function setUp(restartIce = vi.fn(async () => undefined)) {
  const transport = {
    connectionState: 'connected' as types.ConnectionState,
    listener: (_: types.ConnectionState): void => undefined,
    on(_event: string, listener: (state: types.ConnectionState) => void) {
      this.listener = listener;
    },
  };
  const told = { onNoAnswer: vi.fn(), onFalseAlarm: vi.fn(), onLost: vi.fn() };
  const watch = new IceWatch(transport, { restartIce, ...told });
  const become = (state: types.ConnectionState) => {
    transport.connectionState = state;
    transport.listener(state);
  };
  return { watch, become, restartIce, ...told };
}

const silence = () => vi.fn(() => new Promise<undefined>(() => undefined));
const refusal = (code: number | undefined) =>
  vi.fn(() => Promise.reject(new RequestError('restartIce', code, 'no')));

test.each(['disconnected', 'failed'] as const)(
  '%s: ICE is restarted, once; if that helps, nothing is lost',
  async (state) => {
    const { become, restartIce, onLost } = setUp();
    become(state);
    await vi.advanceTimersByTimeAsync(100);
    become('failed');
    expect(restartIce).toHaveBeenCalledOnce();
    become('connected');
    await vi.advanceTimersByTimeAsync(60_000);
    expect(onLost).not.toHaveBeenCalled();
  },
);

test('what no restart brings back within 8 s is lost', async () => {
  const { become, onLost } = setUp();
  become('failed');
  await vi.advanceTimersByTimeAsync(7_900);
  expect(onLost).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(200);
  expect(onLost).toHaveBeenCalledOnce();
});

test('a refused restart means lost at once', async () => {
  const { become, onLost, onNoAnswer } = setUp(refusal(404));
  become('failed');
  await vi.advanceTimersByTimeAsync(0);
  expect(onLost).toHaveBeenCalledOnce();
  expect(onNoAnswer).not.toHaveBeenCalled();
});

test('a restart without need is a false alarm', async () => {
  const { watch, onFalseAlarm, onLost, restartIce } = setUp();
  await watch.restart();
  await vi.advanceTimersByTimeAsync(8_000);
  expect(onFalseAlarm).toHaveBeenCalledOnce();
  await watch.restart();
  expect(restartIce).toHaveBeenCalledTimes(2);
  watch.heard();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(onFalseAlarm).toHaveBeenCalledOnce();
  expect(onLost).not.toHaveBeenCalled();
});

test.each([
  ['within a second', silence()],
  ['since the socket is gone', refusal(undefined)],
])(
  'no answer %s: that is told, and ICE waits for another signalling connection',
  async (_, restartIce) => {
    const { watch, become, onNoAnswer, onLost } = setUp(restartIce);
    become('disconnected');
    await vi.advanceTimersByTimeAsync(1_000);
    expect(onNoAnswer).toHaveBeenCalledOnce();
    become('failed');
    await vi.advanceTimersByTimeAsync(60_000);
    expect(restartIce).toHaveBeenCalledOnce();
    watch.signallingIsBack();
    expect(restartIce).toHaveBeenCalledTimes(2);
    expect(onLost).not.toHaveBeenCalled();
  },
);

test('each time that no answer comes, the next may take twice as long', async () => {
  const { watch, onNoAnswer } = setUp(silence());
  void watch.restart();
  for (const [nth, seconds] of [1, 2, 4, 8, 8].entries()) {
    await vi.advanceTimersByTimeAsync(seconds * 1_000 - 1);
    expect(onNoAnswer).toHaveBeenCalledTimes(nth);
    await vi.advanceTimersByTimeAsync(1);
    expect(onNoAnswer).toHaveBeenCalledTimes(nth + 1);
    watch.signallingIsBack();
  }
});

test('what comes back without another signalling connection needs no restart', async () => {
  const { watch, become, restartIce } = setUp(silence());
  become('disconnected');
  await vi.advanceTimersByTimeAsync(1_000);
  become('connected');
  watch.signallingIsBack();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(restartIce).toHaveBeenCalledOnce();
});

test('a restart under way is enough, unless the network has changed meanwhile', async () => {
  const { watch, restartIce } = setUp();
  await watch.restart();
  await watch.restart();
  expect(restartIce).toHaveBeenCalledOnce();
  await watch.restart({ again: true });
  expect(restartIce).toHaveBeenCalledTimes(2);
});

test('a watch that has ended does nothing', async () => {
  const { watch, become, restartIce } = setUp();
  watch.stop();
  become('failed');
  watch.signallingIsBack();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(restartIce).not.toHaveBeenCalled();
});
