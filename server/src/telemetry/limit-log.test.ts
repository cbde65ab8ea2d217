import { Writable } from 'node:stream';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { logLimitHits } from './limit-log.ts';
import { Telemetry } from './telemetry.ts';

test('logs the first hit of each limit at once, then at most one line in ten seconds with the number of hits', () => {
  let now = 0;
  const lines: unknown[] = [];
  const stream = new Writable({
    write(line, _encoding, done) {
      const { limit, hits, roomId } = JSON.parse(String(line));
      lines.push({ limit, hits, roomId });
      done();
    },
  });
  const telemetry = new Telemetry();
  logLimitHits(telemetry, pino(stream), () => now);

  for (let n = 0; n < 1000; n++) {
    telemetry.emit('limitHit', 'rooms', { roomId: `r${n}` });
  }
  telemetry.emit('limitHit', 'peers_per_room', { roomId: 'full' });
  now += 10_000;
  telemetry.emit('limitHit', 'rooms', { roomId: 'last' });
  now += 60_000;
  telemetry.emit('limitHit', 'rooms', { roomId: 'later' });

  expect(lines).toEqual([
    { limit: 'rooms', hits: 1, roomId: 'r0' },
    { limit: 'peers_per_room', hits: 1, roomId: 'full' },
    { limit: 'rooms', hits: 1000, roomId: 'last' },
    { limit: 'rooms', hits: 1, roomId: 'later' },
  ]);
});
