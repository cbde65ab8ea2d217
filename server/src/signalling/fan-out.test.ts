import { expect, test } from 'vitest';
import { fanOutMs } from './fan-out.ts';
import type { Context } from './handlers.ts';

const inRoomOf = (size: number) => ({ room: { size } }) as Context;

test('charges a request for each other participant that it concerns', () => {
  expect(fanOutMs(inRoomOf(1), 'produce')).toBe(0);
  expect(fanOutMs(inRoomOf(81), 'produce')).toBeCloseTo(32);
  expect(fanOutMs(inRoomOf(81), 'ping')).toBe(0);
});

test('charges a peer that produces and closes in a large room more than a peer may use', () => {
  const room = inRoomOf(81);
  // 46 times a second, the messages of this alone stay within their limit.
  const perSecond = 46 * (fanOutMs(room, 'produce') + fanOutMs(room, 'closeProducer'));
  expect(perSecond, 'a tenth of a core by default').toBeGreaterThan(1000 / 10);
});
