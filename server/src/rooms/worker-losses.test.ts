import { expect, test } from 'vitest';
import { maxLosses, WorkerLosses } from './worker-losses.ts';

let now = 0;
const setUp = () => new WorkerLosses(() => now);

function loseAll(losses: WorkerLosses, count: number): number[] {
  return Array.from({ length: count }, () => losses.lost('room', 1_000));
}

test('a room is given up when it has lost workers in a row, longer each time', () => {
  const losses = setUp();
  expect(loseAll(losses, maxLosses - 1)).toEqual([0, 0, 0, 0]);
  expect(losses.heldMs('room')).toBe(0);
  expect(loseAll(losses, 1)).toEqual([10_000]);
  now += 9_000;
  expect(losses.heldMs('room')).toBe(1_000);
  expect(losses.heldMs('other')).toBe(0);
  losses.closed('room');
  now += 2_000;
  expect(losses.heldMs('room')).toBe(0);
  expect(loseAll(losses, 3)).toEqual([20_000, 40_000, 80_000]);
  expect(loseAll(losses, 10).at(-1)).toBe(3_600_000);
});

test('a worker that lived on with the room, or a room that closed, ends the row', () => {
  const losses = setUp();
  loseAll(losses, maxLosses - 1);
  expect(losses.lost('room', 5_000)).toBe(0);
  expect(loseAll(losses, maxLosses - 2)).toEqual([0, 0, 0]);
  losses.closed('room');
  expect(loseAll(losses, maxLosses - 1)).toEqual([0, 0, 0, 0]);
});

test('remembers a bounded number of rooms', () => {
  const losses = setUp();
  loseAll(losses, maxLosses);
  for (let n = 0; n < 1000; n += 1) {
    losses.lost(`room-${n}`, 0);
  }
  expect(losses.heldMs('room')).toBe(0);
});
