/** The JSON file of a benchmark: every run, so that all figures can be computed again. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { z } from 'zod';

const run = z.object({
  round: z.int().positive(),
  /** By the figure's name, in its unit. Empty if the run is invalid. */
  figures: z.record(z.string(), z.number()),
  /** Why the run says nothing about the subject: the generator was too slow, packets were lost. */
  invalid: z.array(z.string()),
  /** The load of the generator's busiest core, and of the worker: 1 is a whole core. */
  load: z.object({ generator: z.number(), worker: z.number() }).optional(),
});

export type Run = z.infer<typeof run>;

const worker = z.object({
  sha256: z.string(),
  source: z.string(),
  compiler: z.string().nullable(),
  patches: z.array(z.string()),
});

export type WorkerDescription = z.infer<typeof worker>;

const scenarioResult = z.object({
  /** `forwarding/video-1-40`: the group, and one of its scenarios. */
  name: z.string(),
  at: z.iso.datetime(),
  /** Of the checkout; `+` at its end: with changes. */
  commit: z.string(),
  /** The length of a run; other settings follow from the scenario's name. */
  seconds: z.number(),
  /** The first one is the base of the ratios. */
  subjects: z.array(z.object({ name: z.string(), worker: worker.optional(), runs: z.array(run) })),
});

export type ScenarioResult = z.infer<typeof scenarioResult>;

const machine = z.object({
  cpu: z.string(),
  cores: z.int(),
  memoryGb: z.number(),
  system: z.string(),
  kernel: z.string(),
  node: z.string(),
  mediasoup: z.string(),
});

export type Machine = z.infer<typeof machine>;

const results = z.object({
  format: z.literal(1),
  machine,
  scenarios: z.array(scenarioResult),
});

export type Results = z.infer<typeof results>;

/** @throws Error when it is no results file */
export function readResults(file: string): Results {
  try {
    return results.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch (error) {
    throw new Error(`${file} is not a results file of npm run bench`, { cause: error });
  }
}

/**
 * Writes results, and keeps the scenarios of an existing file that were not measured again.
 *
 * @throws Error when the existing file is of another machine, whose figures can't be compared with these
 */
export function writeResults(file: string, { machine, scenarios }: Results): void {
  const kept: ScenarioResult[] = [];
  if (existsSync(file)) {
    const before = readResults(file);
    const differs = (['cpu', 'cores', 'kernel'] as const).find(
      (name) => before.machine[name] !== machine[name],
    );
    if (differs) {
      throw new Error(
        `${file} has results of another machine (${differs}: ${before.machine[differs]}); name another file`,
      );
    }
    kept.push(
      ...before.scenarios.filter(({ name }) => !scenarios.some((one) => one.name === name)),
    );
  }
  const all = [...kept, ...scenarios].sort((a, b) =>
    a.name.localeCompare(b.name, 'en', { numeric: true }),
  );
  const lines = all.map((scenario) => `    ${JSON.stringify(scenario)}`);
  writeFileSync(
    file,
    `{\n  "format": 1,\n  "machine": ${JSON.stringify(machine)},\n  "scenarios": [\n${lines.join(',\n')}\n  ]\n}\n`,
  );
}

/** The valid values of a figure, by round. */
export function valuesOf(runs: readonly Run[], figure: string): Map<number, number> {
  return new Map(
    runs.flatMap(({ round, invalid, figures }) => {
      const value = figures[figure];
      return invalid.length > 0 || value === undefined ? [] : [[round, value] as const];
    }),
  );
}
