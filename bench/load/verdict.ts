import type { LoadReport } from './load-run.ts';

/** The operator's limits; undefined: any value passes. */
export interface Limits {
  /** Percent of packets that did not arrive when they were first sent. */
  maxLoss?: number | undefined;
  /** Milliseconds. */
  maxDelayP95?: number | undefined;
  maxDelayP99?: number | undefined;
  maxJoinP95?: number | undefined;
}

export interface Verdict {
  /** invalid: the load generator was too slow, so its figures say nothing about the server. */
  verdict: 'passed' | 'failed' | 'invalid';
  reasons: string[];
}

/** Beyond these, delays and losses may be the generator's own. */
const generatorLimits = { loop: 0.85, lateP99: 20 };

/** Judges a run. A run in which peers failed, or streams were silent, fails without any limit. */
export function judge(report: LoadReport, limits: Limits): Verdict {
  const invalid = whyInvalid(report);
  if (invalid.length > 0) {
    return { verdict: 'invalid', reasons: invalid };
  }
  const failed = whyFailed(report, limits);
  return { verdict: failed.length > 0 ? 'failed' : 'passed', reasons: failed };
}

function whyInvalid({ generator: { loop, late, dropped } }: LoadReport): string[] {
  const { p99 = 0 } = late;
  return [
    ...(loop > generatorLimits.loop
      ? [`an event loop of the generator was busy for ${(100 * loop).toFixed(0)} % of the time`]
      : []),
    ...(p99 > generatorLimits.lateP99
      ? [
          `the generator sent packets ${p99.toFixed(0)} ms late (p99), above its limit of ${generatorLimits.lateP99} ms`,
        ]
      : []),
    ...(dropped > 0 ? [`the generator did not read ${dropped} packets in time`] : []),
  ];
}

function whyFailed(report: LoadReport, limits: Limits): string[] {
  const { failed, lost, silentStreams, loss, delay, join, packets, witness } = report;
  const peers = (reasons: Record<string, number>, what: string) =>
    Object.entries(reasons).map(([reason, count]) => `${count} peers ${what}: ${reason}`);
  const exceeded = [
    [`loss`, 100 * loss, limits.maxLoss, '%'],
    ['delay p95', delay.p95, limits.maxDelayP95, 'ms'],
    ['delay p99', delay.p99, limits.maxDelayP99, 'ms'],
    ['join p95', join.p95, limits.maxJoinP95, 'ms'],
  ] as const;
  return [
    ...peers(failed, 'could not join'),
    ...peers(lost, 'were lost'),
    ...(packets.received === 0 ? ['no packet was received'] : []),
    ...(witness?.framesDecoded === 0 ? ['the witness decoded no frame'] : []),
    ...(silentStreams > 0 ? [`${silentStreams} streams were silent`] : []),
    ...exceeded.flatMap(([name, value = 0, limit = Infinity, unit]) =>
      value > limit
        ? [`${name} is ${Number(value.toPrecision(3))} ${unit}, above ${limit} ${unit}`]
        : [],
    ),
  ];
}
