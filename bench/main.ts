import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runCli, UsageError } from '../scripts/cli.ts';
import { compareResults, differenceText, isGross } from './compare.ts';
import { chooseCores, pin } from './cores.ts';
import { groups } from './groups.ts';
import { describeCommit, describeMachine } from './machine.ts';
import { type Files, writePage, writeTables } from './report/page.ts';
import {
  type Results,
  type Run,
  readResults,
  type ScenarioResult,
  writeResults,
} from './results.ts';
import { isValid, measureInTurns } from './runner.ts';
import type { Scenario, SubjectOptions } from './scenario.ts';

const usage = `Usage: npm run bench -- [options]

Measures what the port modes cost on this machine, in turns, and prints tables. It needs two cores that do nothing else.

  --full              all scenarios; without it, a part that takes about 5 minutes
  --scenario NAME     only this scenario or group; may be repeated
  --list              print the names, and measure nothing
  --rounds N          valid runs of each subject (5)
  --seconds S         the length of a run (3)
  --stock PATH        a mediasoup worker without our patches, to be compared too
  --out FILE          write all runs as JSON; keeps the file's scenarios that were not measured again

  --compare A B       compare two such files by their ratios; exit code 1 when one became worse by more than 10 %
                      and beyond the spread of both
  --check             measure for two minutes, and compare with bench/results/published.json: exit code 1 when a ratio
                      is twice as bad, and a second try agrees
  --page              write docs/benchmarks.md and its pictures from bench/results/published.json

Progress goes to stderr. Exit code 3: a subject had no valid run.
`;

const publishedResults = fileURLToPath(new URL('results/published.json', import.meta.url));
/** Two minutes for each try. */
const checked = {
  scenarios: ['forwarding/video-1-10', 'idle-transports/100'],
  rounds: 3,
  seconds: 2,
};
const docs = fileURLToPath(new URL('../docs/', import.meta.url));

await runCli({
  name: 'bench',
  usage,
  positionals: 2,
  options: {
    full: { type: 'boolean', default: false },
    scenario: { type: 'string', multiple: true },
    list: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '3' },
    stock: { type: 'string' },
    out: { type: 'string' },
    compare: { type: 'boolean', default: false },
    check: { type: 'boolean', default: false },
    page: { type: 'boolean', default: false },
  },
  async run(values, files) {
    if (values.compare) {
      return compareFiles(files);
    }
    if (files.length > 0) {
      throw new UsageError(`unexpected argument: ${files.join(' ')}`);
    }
    if (values.page) {
      saveFiles(writePage(readPublished(), groups));
      return 0;
    }
    const scenarios = chosen(values.check ? checked.scenarios : values.scenario, values.full);
    if (values.list) {
      process.stdout.write(scenarios.map(({ name, title }) => `${name}: ${title}\n`).join(''));
      return 0;
    }
    const workerBin = process.env.MEDIASOUP_WORKER_BIN;
    if (!workerBin) {
      throw new UsageError('MEDIASOUP_WORKER_BIN is not set: start this by npm run bench');
    }
    pin(process.pid, chooseCores().generator);
    const options = { scenarios, workerBin, stockBin: values.stock };
    if (values.check) {
      return check(options);
    }
    const results = await measure({
      ...options,
      rounds: positive('rounds', values.rounds),
      seconds: positive('seconds', values.seconds),
      out: values.out,
    });
    process.stdout.write(writeTables(results, groups));
    const isMeasured = ({ runs }: ScenarioResult['subjects'][number]) => runs.some(isValid);
    return results.scenarios.every(({ subjects }) => subjects.every(isMeasured)) ? 0 : 3;
  },
});

interface MeasureOptions extends SubjectOptions {
  scenarios: readonly Scenario[];
  rounds: number;
  seconds: number;
  out?: string | undefined;
}

async function measure(options: MeasureOptions): Promise<Results> {
  const { scenarios, rounds, seconds, out } = options;
  const results: Results = { format: 1, machine: describeMachine(), scenarios: [] };
  for (const { name, subjects } of scenarios) {
    const result: ScenarioResult = {
      name,
      at: new Date().toISOString(),
      commit: describeCommit(),
      seconds,
      subjects: await measureInTurns({
        subjects: subjects(options),
        rounds,
        seconds,
        onRun: (subject, run) => progress(`${name}, ${subject}: ${runText(run)}`),
      }),
    };
    results.scenarios.push(result);
    if (out) {
      // After each scenario, so that an interrupted benchmark keeps what it has.
      mkdirSync(dirname(out), { recursive: true });
      writeResults(out, { ...results, scenarios: [result] });
    }
  }
  return results;
}

async function check(options: SubjectOptions & Pick<MeasureOptions, 'scenarios'>): Promise<number> {
  const { rounds, seconds } = checked;
  const published = readPublished();
  const tryOnce = async () =>
    compareResults(published, await measure({ ...options, rounds, seconds }), groups);
  const first = await tryOnce();
  if (first.length === 0) {
    process.stdout.write('not judged: no run was valid; the machine is too busy\n');
    return 3;
  }
  const suspects = first.filter(isGross).map(({ what }) => what);
  const second = suspects.length > 0 ? await tryOnce() : [];
  const confirmed = second.filter((one) => isGross(one) && suspects.includes(one.what));
  for (const one of confirmed) {
    process.stdout.write(`${differenceText(one)}\n`);
  }
  process.stdout.write(`${first.length} ratios, ${confirmed.length} twice as bad as published\n`);
  return confirmed.length === 0 ? 0 : 1;
}

/** @throws UsageError when there is none of a name */
function chosen(names: string[] | undefined, full: boolean): Scenario[] {
  const all = groups.flatMap(({ scenarios }) => scenarios);
  const wanted = names?.map((name) => ({
    name,
    scenarios: all.filter((one) => one.name === name || one.name.startsWith(`${name}/`)),
  }));
  const missing = wanted?.find(({ scenarios }) => scenarios.length === 0);
  if (missing) {
    throw new UsageError(
      `--scenario ${missing.name}: expected one of npm run bench -- --list --full`,
    );
  }
  return wanted?.flatMap(({ scenarios }) => scenarios) ?? all.filter(({ short }) => full || short);
}

function compareFiles([before, after]: readonly string[]): number {
  if (!before || !after) {
    throw new UsageError('--compare: expected two files');
  }
  const differences = compareResults(readResults(before), readResults(after), groups);
  if (differences.length === 0) {
    throw new UsageError(`${before} and ${after} have no ratio in common`);
  }
  process.stdout.write(differences.map((one) => `${differenceText(one)}\n`).join(''));
  return differences.some(({ isRegression }) => isRegression) ? 1 : 0;
}

function saveFiles(files: Files): void {
  for (const [name, content] of files) {
    writeFileSync(`${docs}${name}`, content);
    progress(`docs/${name}`);
  }
}

function runText({ round, figures, invalid }: Run): string {
  const texts = Object.entries(figures).map(([name, value]) => `${name} ${value.toPrecision(3)}`);
  return `round ${round}: ${invalid.length > 0 ? `INVALID, ${invalid.join('; ')}` : texts.join(', ')}`;
}

/** @throws UsageError */
function positive(name: string, text: string): number {
  const number = Number(text);
  if (!(number > 0)) {
    throw new UsageError(`--${name} ${text}: expected a number above 0`);
  }
  return number;
}

function progress(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** @throws UsageError when nothing was published yet */
function readPublished(): Results {
  if (!existsSync(publishedResults)) {
    throw new UsageError(
      `${publishedResults} does not exist: write it by npm run bench -- --full --out, on an idle machine`,
    );
  }
  return readResults(publishedResults);
}

// The threads of libdatachannel, with which the joining scenarios publish, would keep this process alive.
process.exit();
