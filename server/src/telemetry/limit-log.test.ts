import { Writable } from 'node:stream';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { logLimitHits } from './limit-log.ts';
import { Telemetry } from './telemetry.ts';

test('a line at once for each limit, then one in ten seconds, with how often', () => {
  let now = 0;
  const lines: unknown[] = [];
  const kept = new Writable({
    write(line, _encoding, done) {
      const { limit, hits, roomId } = JSON.parse(String(line));
      lines.push({ limit, hits, roomId });
      done();
    },
  });
  const telemetry = new Telemetry();
  logLimitHits(telemetry, pino(kept), () => now);

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
