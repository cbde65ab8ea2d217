import { expect, test } from 'vitest';
import { fanOutMs } from './fan-out.ts';
import type { Context } from './handlers.ts';

/** The context of a peer in a room where everyone has joined and has as many producers. */
function inRoomOf(size: number, producersEach = 0): Context {
  const visible = Array.from({ length: size }, (_, id) => ({
    id,
    producers: Array(producersEach),
  }));
  return { room: { visible }, peer: visible[0] } as unknown as Context;
}

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

test('charges a join for each producer that it consumes', () => {
  expect(fanOutMs(inRoomOf(61, 2), 'join')).toBeCloseTo(60 * 0.1 + 120 * 0.35);
  // An office of 100 enters one room. Each pair of a producer and a consumer is charged once.
  const sum = Array.from(
    { length: 100 },
    (_, n) => fanOutMs(inRoomOf(n + 1, 2), 'join') + 2 * fanOutMs(inRoomOf(n + 1), 'produce'),
  );
  expect(
    sum.reduce((a, b) => a + b),
    'an address may use 10,000 ms at once',
  ).toBeLessThan(9_500);
});
