import { expect, test } from 'vitest';
import type { LoadReport } from './load-run.ts';
import { noPackets } from './received-stream.ts';
import { judge } from './verdict.ts';

const times = { p50: 1, p95: 2, p99: 3, longest: 4 };
const good: LoadReport = {
  seconds: 10,
  joined: 3,
  failed: {},
  lost: {},
  join: times,
  sent: 1000,
  sentAgain: 0,
  packets: { ...noPackets(), expected: 1000, received: 1000 },
  runLength: 1.2,
  loss: 0.002,
  delay: times,
  streams: 6,
  silentStreams: 0,
  generator: { processes: 1, cpu: 0.5, loop: 0.4, late: times, dropped: 0 },
};

test('a run passes within its limits, and fails beyond each of them', () => {
  const within = { maxLoss: 0.2, maxDelayP95: 2, maxDelayP99: 3, maxJoinP95: 2 };
  expect(judge(good, within)).toEqual({ verdict: 'passed', reasons: [] });
  const beyond = { maxLoss: 0.1, maxDelayP95: 1, maxDelayP99: 2.5, maxJoinP95: 1.5 };
  expect(judge(good, beyond)).toEqual({
    verdict: 'failed',
    reasons: [
      'loss is 0.2 %, above 0.1 %',
      'delay p95 is 2 ms, above 1 ms',
      'delay p99 is 3 ms, above 2.5 ms',
      'join p95 is 2 ms, above 1.5 ms',
    ],
  });
});

test('lost peers and silent streams fail a run without limits', () => {
  const failed = { 'socket closed: 4429': 2 };
  const bad = { ...good, failed, lost: { 'socket closed: 1012': 1 }, silentStreams: 3 };
  expect(judge(bad, {}).reasons).toEqual([
    '2 peers could not join: socket closed: 4429',
    '1 peers were lost: socket closed: 1012',
    '3 streams were silent',
  ]);
});

test('a run whose generator was too slow is invalid, whatever it measured', () => {
  const slow = [{ loop: 0.9 }, { late: { ...times, p99: 30 } }, { dropped: 5 }];
  for (const symptom of slow) {
    const report = { ...good, silentStreams: 3, generator: { ...good.generator, ...symptom } };
    expect(judge(report, {})).toMatchObject({ verdict: 'invalid', reasons: [expect.any(String)] });
  }
});
