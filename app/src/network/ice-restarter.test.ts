import type { types } from 'mediasoup-client';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { RequestError } from '../signalling/signalling.ts';
import { IceRestarter } from './ice-restarter.ts';

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
  const callbacks = { onNoAnswer: vi.fn(), onFalseAlarm: vi.fn(), onLost: vi.fn() };
  const restarter = new IceRestarter(transport, { restartIce, ...callbacks });
  const setState = (state: types.ConnectionState) => {
    transport.connectionState = state;
    transport.listener(state);
  };
  return { restarter, setState, restartIce, ...callbacks };
}

const noAnswer = () => vi.fn(() => new Promise<undefined>(() => undefined));
const rejection = (code: number | undefined) =>
  vi.fn(() => Promise.reject(new RequestError('restartIce', code, 'no')));

test.each(['disconnected', 'failed'] as const)(
  'restarts ICE once when the transport is %s, and reports no loss if that helps',
  async (state) => {
    const { setState, restartIce, onLost } = setUp();
    setState(state);
    await vi.advanceTimersByTimeAsync(100);
    setState('failed');
    expect(restartIce).toHaveBeenCalledOnce();
    setState('connected');
    await vi.advanceTimersByTimeAsync(60_000);
    expect(onLost).not.toHaveBeenCalled();
  },
);

test('reports a transport as lost when a restart does not help within 8 s', async () => {
  const { setState, onLost } = setUp();
  setState('failed');
  await vi.advanceTimersByTimeAsync(7_900);
  expect(onLost).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(200);
  expect(onLost).toHaveBeenCalledOnce();
});

test('reports a transport as lost at once when the server rejects the restart', async () => {
  const { setState, onLost, onNoAnswer } = setUp(rejection(404));
  setState('failed');
  await vi.advanceTimersByTimeAsync(0);
  expect(onLost).toHaveBeenCalledOnce();
  expect(onNoAnswer).not.toHaveBeenCalled();
});

test('reports a false alarm when the transport stays connected', async () => {
  const { restarter, onFalseAlarm, onLost, restartIce } = setUp();
  await restarter.restart();
  await vi.advanceTimersByTimeAsync(8_000);
  expect(onFalseAlarm).toHaveBeenCalledOnce();
  await restarter.restart();
  expect(restartIce).toHaveBeenCalledTimes(2);
  restarter.received();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(onFalseAlarm).toHaveBeenCalledOnce();
  expect(onLost).not.toHaveBeenCalled();
});

test.each([
  ['within a second', noAnswer()],
  ['because the socket is gone', rejection(undefined)],
])('reports no answer %s, and waits for another signalling connection', async (_, restartIce) => {
  const { restarter, setState, onNoAnswer, onLost } = setUp(restartIce);
  setState('disconnected');
  await vi.advanceTimersByTimeAsync(1_000);
  expect(onNoAnswer).toHaveBeenCalledOnce();
  setState('failed');
  await vi.advanceTimersByTimeAsync(60_000);
  expect(restartIce).toHaveBeenCalledOnce();
  restarter.signallingResumed();
  expect(restartIce).toHaveBeenCalledTimes(2);
  expect(onLost).not.toHaveBeenCalled();
});

test('doubles the request timeout each time that the server does not answer', async () => {
  const { restarter, onNoAnswer } = setUp(noAnswer());
  void restarter.restart();
  for (const [nth, seconds] of [1, 2, 4, 8, 8].entries()) {
    await vi.advanceTimersByTimeAsync(seconds * 1_000 - 1);
    expect(onNoAnswer).toHaveBeenCalledTimes(nth);
    await vi.advanceTimersByTimeAsync(1);
    expect(onNoAnswer).toHaveBeenCalledTimes(nth + 1);
    restarter.signallingResumed();
  }
});

test('does not restart a transport that recovered without signalling', async () => {
  const { restarter, setState, restartIce } = setUp(noAnswer());
  setState('disconnected');
  await vi.advanceTimersByTimeAsync(1_000);
  setState('connected');
  restarter.signallingResumed();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(restartIce).toHaveBeenCalledOnce();
});

test('starts no second restart while one is under way, unless forced', async () => {
  const { restarter, restartIce } = setUp();
  await restarter.restart();
  await restarter.restart();
  expect(restartIce).toHaveBeenCalledOnce();
  await restarter.restart({ force: true });
  expect(restartIce).toHaveBeenCalledTimes(2);
});

test('does nothing after stop()', async () => {
  const { restarter, setState, restartIce } = setUp();
  restarter.stop();
  setState('failed');
  restarter.signallingResumed();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(restartIce).not.toHaveBeenCalled();
});
