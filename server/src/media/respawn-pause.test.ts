import { expect, test } from 'vitest';
import { RespawnPause } from './respawn-pause.ts';

test('a worker that keeps dying is started ever more slowly, up to every 10 s', () => {
  const pause = new RespawnPause();
  const pauses = Array.from({ length: 10 }, () => {
    pause.lived(9_999);
    return pause.next();
  });
  expect(pauses).toEqual([0, 100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000]);
});

test('one that had lived for long is started at once', () => {
  const pause = new RespawnPause();
  for (let deaths = 0; deaths < 5; deaths++) {
    pause.next();
  }
  pause.lived(10_000);
  expect([pause.next(), pause.next()]).toEqual([0, 100]);
});
