import { type Results, valuesOf } from './results.ts';
import type { Group } from './scenario.ts';
import { referenceNames } from './server-subject.ts';
import { ratioOf, type Summary } from './statistics.ts';

export interface Difference {
  /** `forwarding/video-1-40, shared-port: CPU`. */
  readonly what: string;
  /** The ratios to the scenario's first subject. */
  readonly before: Summary;
  readonly after: Summary;
  /** Above 1: the figure became worse. */
  readonly worse: number;
  /** It became worse by more than 10 %, and no run of one file is within the range of the other's. */
  readonly isRegression: boolean;
}

/** Smaller changes come from the compiler's layout of the program alone. */
const tolerated = 1.1;

/** Beyond the noise of a machine that runs other tests. */
const grossFactor = 2;

/**
 * Compares what two files have in common by ratios within each file, so that machines may differ.
 *
 * @returns a difference for each subject but the first, and each figure of which ratios are shown
 */
export function compareResults(
  before: Results,
  after: Results,
  groups: readonly Group[],
): Difference[] {
  const differences: Difference[] = [];
  for (const group of groups) {
    for (const { name } of group.scenarios) {
      const [old, now] = [before, after].map(({ scenarios }) =>
        scenarios.find((scenario) => scenario.name === name),
      );
      const subjects = now?.subjects.slice(1) ?? [];
      for (const subject of subjects) {
        for (const [key, { title, ratio, better }] of Object.entries(group.figures)) {
          const [a, b] = [old, now].map((result) => {
            const [base] = result?.subjects ?? [];
            const same = result?.subjects.find((one) => one.name === subject.name);
            return base && same && ratioOf(valuesOf(same.runs, key), valuesOf(base.runs, key));
          });
          if (!ratio || !a || !b) {
            continue;
          }
          // A reference gets no better: when its ratio falls, ours became worse.
          const lowerIsWorse = (better === 'higher') !== referenceNames.includes(subject.name);
          const worse = lowerIsWorse ? a.median / b.median : b.median / a.median;
          const apart = lowerIsWorse ? b.max < a.min : b.min > a.max;
          differences.push({
            what: `${name}, ${subject.name}: ${title}`,
            before: a,
            after: b,
            worse,
            isRegression: worse > tolerated && apart,
          });
        }
      }
    }
  }
  return differences;
}

/** Whether a figure is more than twice as bad as before: what a short run on a busy machine can show. */
export function isGross({ worse }: Difference): boolean {
  return worse > grossFactor;
}

export function differenceText({ what, before, after, worse, isRegression }: Difference): string {
  const text = ({ median, min, max }: Summary) =>
    `${median.toFixed(2)} (${min.toFixed(2)} to ${max.toFixed(2)})`;
  const change =
    worse >= 1
      ? `${(100 * (worse - 1)).toFixed(0)} % worse`
      : `${(100 * (1 / worse - 1)).toFixed(0)} % better`;
  return `${isRegression ? 'REGRESSION ' : ''}${what}: ratio ${text(before)} -> ${text(after)}, ${change}`;
}
