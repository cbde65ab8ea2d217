import { expect, test } from 'vitest';
import type { LoadReport } from './load/load-run.ts';
import { whyInvalid } from './validity.ts';

const good: LoadReport = {
  seconds: 3,
  joined: 2,
  failed: {},
  lost: {},
  join: { p50: 1, p95: 1, p99: 1, longest: 1 },
  sent: 100,
  sentAgain: 0,
  packets: { expected: 100, received: 100, recovered: 0, lost: 0, reordered: 0, duplicated: 0 },
  runLength: 1,
  loss: 0,
  delay: { p50: 1, p95: 1, p99: 1, longest: 1 },
  streams: 1,
  silentStreams: 0,
  generator: {
    processes: 1,
    cpu: 0.1,
    loop: 0.1,
    late: { p50: 1, p95: 1, p99: 1, longest: 1 },
    dropped: 0,
  },
};
const calm = { generator: 0.5, foreign: 0.01 };

test('a run without loss, with a generator that kept up and a worker that had its core, is valid', () => {
  expect(whyInvalid(good, 2, calm)).toEqual([]);
});

test.each([
  ['1 of 100 packets were lost', { packets: { ...good.packets, recovered: 1 } }, calm],
  ['only 1 of 2 peers joined', { joined: 1 }, calm],
  ['1 peers were lost: closed', { lost: { closed: 1 } }, calm],
  ['busy for 90 %', { generator: { ...good.generator, loop: 0.9 } }, calm],
  ["generator's core was busy for 97 %", {}, { ...calm, generator: 0.97 }],
  ["used 20 % of the worker's core", {}, { ...calm, foreign: 0.2 }],
])('invalid: %s', (reason, change, busy) => {
  expect(whyInvalid({ ...good, ...change }, 2, busy).join()).toContain(reason);
});
