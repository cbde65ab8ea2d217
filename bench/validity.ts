/** Which runs say something about the server, and not about the load generator or other programs. */
import type { LoadReport } from './load/load-run.ts';
import { judge } from './load/verdict.ts';

/** The limits of a valid run, as shares of a core. Beyond them, its figures may be the generator's or another program's. */
export const limits = { generator: 0.85, foreign: 0.05 };

/** Shares of a core: the generator on its busiest core, and programs beside the worker on the worker's. */
export interface Busy {
  generator: number;
  foreign: number;
}

export function whyBusy(busy: Busy): string[] {
  const percent = (share: number) => `${(100 * share).toFixed(0)} %`;
  return [
    ...(busy.generator > limits.generator
      ? [`the generator's core was busy for ${percent(busy.generator)} of the time`]
      : []),
    ...(busy.foreign > limits.foreign
      ? [`other programs used ${percent(busy.foreign)} of the worker's core`]
      : []),
  ];
}

/**
 * @param peers - how many should have joined
 * @returns a sentence for each reason why the run is invalid
 */
export function whyInvalid(report: LoadReport, peers: number, busy: Busy): string[] {
  const lost = report.packets.lost + report.packets.recovered;
  return [
    ...judge(report, {}).reasons,
    ...(report.joined < peers ? [`only ${report.joined} of ${peers} peers joined`] : []),
    ...(lost > 0 ? [`${lost} of ${report.packets.expected} packets were lost`] : []),
    ...whyBusy(busy),
  ];
}
