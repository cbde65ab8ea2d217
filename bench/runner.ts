import type { Run, ScenarioResult } from './results.ts';
import type { Subject } from './scenario.ts';

/** Rounds after which subjects that still lack valid runs are given up, as a multiple of those that are wanted. */
const patience = 2;

export interface RunnerOptions {
  readonly subjects: readonly Subject[];
  /** The valid runs that each subject needs. */
  readonly rounds: number;
  /** The length of a run. */
  readonly seconds: number;
  onRun?(subject: string, run: Run): void;
}

/**
 * Measures subjects in turns, each round in another order, until each has enough valid runs.
 *
 * @returns the runs of each subject, invalid ones too
 */
export async function measureInTurns({
  subjects,
  rounds,
  seconds,
  onRun,
}: RunnerOptions): Promise<ScenarioResult['subjects']> {
  const results = subjects.map(({ name, worker }) => ({ name, worker, runs: [] as Run[] }));
  for (let round = 1; round <= patience * rounds; round++) {
    if (results.every(({ runs }) => runs.filter(isValid).length >= rounds)) {
      break;
    }
    for (let turn = 0; turn < subjects.length; turn++) {
      const i = (turn + round - 1) % subjects.length;
      const [subject, result] = [subjects[i], results[i]];
      if (subject && result) {
        const run = await runOnce(subject, round, seconds);
        result.runs.push(run);
        onRun?.(subject.name, run);
      }
    }
  }
  return results;
}

async function runOnce(subject: Subject, round: number, seconds: number): Promise<Run> {
  try {
    const { figures, invalid, load } = await subject.run(seconds);
    // The figures of an invalid run are not kept, so that they can't be taken for results.
    return { round, figures: invalid.length > 0 ? {} : figures, invalid, ...(load && { load }) };
  } catch (error) {
    // One run that fails must not end an hour of measuring.
    const [firstLine] = (error as Error).message.split('\n');
    return { round, figures: {}, invalid: [`failed: ${firstLine}`] };
  }
}

export function isValid({ invalid }: Run): boolean {
  return invalid.length === 0;
}
