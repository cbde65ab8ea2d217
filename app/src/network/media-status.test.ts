import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { MediaPath } from './media-paths.ts';
import { type MediaInfo, MediaStatus } from './media-status.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const offered: MediaPath = {
  direction: 'receive',
  protocol: 'udp',
  address: '203.0.113.1',
  port: 44444,
  state: 'offered',
};
const inUse: MediaPath = { ...offered, state: 'in-use' };

function setUp() {
  let info: MediaInfo | undefined;
  const onRestored = vi.fn();
  const status = new MediaStatus({
    onChange: (next) => {
      info = next;
    },
    onRestored,
  });
  return { status, onRestored, lost: () => info?.lost };
}

test('reports media as lost after a timeout, and as restored once it gets through', () => {
  const { status, onRestored, lost } = setUp();
  status.setPaths([offered], 'single-port');
  status.expectMedia();
  vi.advanceTimersByTime(5_000);
  expect(lost()).toBe(false);
  vi.advanceTimersByTime(5_000);
  expect(lost()).toBe(true);

  // Another media session, without success either.
  status.setPaths([offered, offered], 'single-port');
  status.expectMedia();
  expect(lost()).toBe(true);
  expect(onRestored).not.toHaveBeenCalled();

  status.setPaths([inUse, offered], 'single-port');
  expect(lost()).toBe(false);
  expect(onRestored).toHaveBeenCalledTimes(1);
});

test('reports no loss when media gets through in time', () => {
  const { status, onRestored, lost } = setUp();
  status.setPaths([offered], 'single-port');
  status.expectMedia();
  status.setPaths([inUse], 'single-port');
  vi.advanceTimersByTime(60_000);
  expect(lost()).toBe(false);
  expect(onRestored).not.toHaveBeenCalled();
});

test('reports nothing after a reset', () => {
  const { status, lost } = setUp();
  status.setPaths([offered], 'single-port');
  status.expectMedia();
  status.reset();
  vi.advanceTimersByTime(60_000);
  expect(lost()).toBeUndefined();
});
