import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { MediaInfo } from '../session/snapshot.ts';
import type { MediaPath } from './media-paths.ts';
import { MediaState } from './media-status.ts';

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
  const onBack = vi.fn();
  const media = new MediaState({
    onChange: (next) => {
      info = next;
    },
    onBack,
  });
  return { media, onBack, lost: () => info?.lost };
}

test('what has never got through is lost after a while, and back only when it does', () => {
  const { media, onBack, lost } = setUp();
  media.pathsAre([offered], 'single-port');
  media.expect();
  vi.advanceTimersByTime(5_000);
  expect(lost()).toBe(false);
  vi.advanceTimersByTime(5_000);
  expect(lost()).toBe(true);

  // Another connection, which is no better.
  media.pathsAre([offered, offered], 'single-port');
  media.expect();
  expect(lost()).toBe(true);
  expect(onBack).not.toHaveBeenCalled();

  media.pathsAre([inUse, offered], 'single-port');
  expect(lost()).toBe(false);
  expect(onBack).toHaveBeenCalledTimes(1);
});

test('what gets through in time is not lost', () => {
  const { media, onBack, lost } = setUp();
  media.pathsAre([offered], 'single-port');
  media.expect();
  media.pathsAre([inUse], 'single-port');
  vi.advanceTimersByTime(60_000);
  expect(lost()).toBe(false);
  expect(onBack).not.toHaveBeenCalled();
});

test('after the end nothing is lost any more', () => {
  const { media, lost } = setUp();
  media.pathsAre([offered], 'single-port');
  media.expect();
  media.end();
  vi.advanceTimersByTime(60_000);
  expect(lost()).toBeUndefined();
});
