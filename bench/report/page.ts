/** docs/benchmarks.md and its pictures, from results. */

import { type Results, type ScenarioResult, valuesOf } from '../results.ts';
import type { Figure, Group } from '../scenario.ts';
import { ratioOf, type Summary, summaryOf } from '../statistics.ts';
import { type BarGroup, barChart } from './bar-chart.ts';
import { formatNumber } from './format.ts';
import { lineChart } from './line-chart.ts';

/** File names, relative to docs/, and their contents. */
export type Files = Map<string, string>;

/** The valid runs without which a figure is not shown. */
const fewest = 5;

const introduction = `# Benchmarks

The cost of each port mode, measured by \`npm run bench\`. This page is for operators who size a host, and for
developers of the worker. It is generated from
[bench/results/](../bench/results/): \`npm run bench -- --page\` writes it again.

\`\`\`
npm run bench                                    # about 5 minutes: a part of the scenarios
npm run bench -- --full --out mine.json          # all of them
npm run bench -- --compare mine.json other.json  # by their ratios, so that machines may differ
\`\`\`

- Subjects are measured in turns, each round in another order, everything started again for each run. Tables show
  the **median and the range of all valid runs**; ratios are those of the same round.
- The worker has a core of its own. The load generator and the server's Node process share the others; *generator* is how busy the busiest of them was.
- A run with loss, with a generator core busy for more than 85 % of the time, or with more than 5 % of the worker's core used by
  other programs is invalid. It is measured again, and no figure contains it. A subject with fewer than five valid runs has none.`;

/**
 * @param groups - in the order of the chapters; those without results are left out
 * @throws Error when results have a scenario that no group knows
 */
export function writePage(results: Results, groups: readonly Group[]): Files {
  const files: Files = new Map();
  const known = groups.flatMap(({ scenarios }) => scenarios.map(({ name }) => name));
  const unknown = results.scenarios.find(({ name }) => !known.includes(name));
  if (unknown) {
    throw new Error(`no scenario is named ${unknown.name}`);
  }
  const { machine } = results;
  const chapters = groups.flatMap((group) => chapter(group, results, files));
  files.set(
    'benchmarks.md',
    `${[
      introduction,
      `Measured on ${machine.cores} cores of ${machine.cpu}, ${machine.memoryGb} GB, ${machine.system}, Linux ${machine.kernel}, Node ${machine.node}, mediasoup ${machine.mediasoup}.`,
      ...chapters,
      workers(results),
    ].join('\n\n')}\n`,
  );
  return files;
}

/** The tables alone, for a terminal. */
export function writeTables(results: Results, groups: readonly Group[]): string {
  return groups
    .flatMap((group) => {
      const measured = measuredScenarios(group, results);
      return measured.length > 0 ? [`${group.title}\n\n${table(group, measured)}\n`] : [];
    })
    .join('\n');
}

function measuredScenarios(group: Group, { scenarios }: Results): MeasuredScenario[] {
  return group.scenarios.flatMap((scenario) => {
    const result = scenarios.find(({ name }) => name === scenario.name);
    return result ? [{ ...scenario, result }] : [];
  });
}

function chapter(group: Group, results: Results, files: Files): string[] {
  const measured = measuredScenarios(group, results);
  if (measured.length === 0) {
    return [];
  }
  const picture = plot(group, measured);
  if (picture) {
    files.set(`images/benchmarks-${group.name}.svg`, picture);
  }
  const [first] = measured;
  const dates = [...new Set(measured.map(({ result }) => result.at.slice(0, 10)))].join(', ');
  const commits = [...new Set(measured.map(({ result }) => result.commit))].join(', ');
  return [
    `## ${group.title}`,
    group.text.trim(),
    ...(picture ? [`![${plotTitle(group)}](images/benchmarks-${group.name}.svg)`] : []),
    table(group, measured),
    `Measured on ${dates} at commit ${commits}: \`npm run bench -- --scenario ${group.name}\`, ${first?.result.seconds} s a run.`,
  ];
}

type MeasuredScenario = Group['scenarios'][number] & { result: ScenarioResult };

function table(group: Group, scenarios: readonly MeasuredScenario[]): string {
  const figures = Object.entries(group.figures);
  const hasLoad = scenarios.some(({ result }) =>
    result.subjects.some(({ runs }) => runs.some(({ load }) => load)),
  );
  const heads = figures.flatMap(([, figure]) => [
    figure.unit ? `${figure.title}, ${figure.unit}` : figure.title,
    ...(figure.ratio ? ['ratio'] : []),
  ]);
  const head = ['scenario', 'subject', ...heads, ...(hasLoad ? ['generator'] : []), 'runs'];
  const rows = scenarios.flatMap(({ title, result }) =>
    result.subjects.map(({ name, runs }, i) => {
      const valid = runs.filter(({ invalid }) => invalid.length === 0);
      const scenarioTitle = i === 0 ? title : '';
      if (valid.length < fewest) {
        const reason = mostFrequent(runs.flatMap(({ invalid }) => invalid));
        return [
          scenarioTitle,
          name,
          reason ? `*invalid: ${reason}*` : `*fewer than ${fewest} runs*`,
          ...Array.from({ length: head.length - 4 }, () => ''),
          `${valid.length} of ${runs.length}`,
        ];
      }
      const cells = figures.flatMap(([key, figure]) => {
        const summary = summaryOf([...valuesOf(runs, key).values()]);
        return [summary ? summaryText(summary) : '', ...ratioCell(key, figure, result, i)];
      });
      const generator = summaryOf(runs.flatMap(({ load }) => (load ? [load.generator] : [])));
      const load = generator ? `${(100 * generator.median).toFixed(0)} %` : '';
      return [
        scenarioTitle,
        name,
        ...cells,
        ...(hasLoad ? [load] : []),
        valid.length === runs.length ? `${valid.length}` : `${valid.length} of ${runs.length}`,
      ];
    }),
  );
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

function ratioCell(key: string, figure: Figure, result: ScenarioResult, i: number): string[] {
  if (!figure.ratio) {
    return [];
  }
  const [base] = result.subjects;
  const subject = result.subjects[i];
  const ratio =
    i > 0 && base && subject && ratioOf(valuesOf(subject.runs, key), valuesOf(base.runs, key));
  return [
    ratio
      ? `**${ratio.median.toFixed(2)}** (${ratio.min.toFixed(2)} to ${ratio.max.toFixed(2)})`
      : '1',
  ];
}

function summaryText({ median, min, max }: Summary): string {
  const [low, high] = [formatNumber(min), formatNumber(max)];
  return low === high ? formatNumber(median) : `${formatNumber(median)} (${low} to ${high})`;
}

function plot(group: Group, scenarios: readonly MeasuredScenario[]): string | undefined {
  if (!group.plot) {
    return undefined;
  }
  const { figure: key, axis } = group.plot;
  const names = [
    ...new Set(scenarios.flatMap(({ result }) => result.subjects.map(({ name }) => name))),
  ];
  const summaryFor = (result: ScenarioResult, name: string) => {
    const values = valuesOf(result.subjects.find((one) => one.name === name)?.runs ?? [], key);
    return values.size < fewest ? undefined : summaryOf([...values.values()]);
  };
  const figure = group.figures[key];
  if (axis) {
    const lines = names.map((name) => ({
      name,
      points: scenarios.flatMap(({ x, result }) => {
        const y = summaryFor(result, name)?.median;
        return x === undefined || y === undefined ? [] : [{ x, y }];
      }),
    }));
    const yTitle = [figure?.title, figure?.unit].filter(Boolean).join(', ');
    return lineChart(
      plotTitle(group),
      axis,
      yTitle,
      lines.filter(({ points }) => points.length > 0),
    );
  }
  const groups: BarGroup[] = scenarios.map(({ title, result }) => ({
    title,
    bars: names.flatMap((name) => {
      const summary = summaryFor(result, name);
      return summary ? [{ name, value: summary.median, min: summary.min, max: summary.max }] : [];
    }),
  }));
  return barChart(plotTitle(group), figure?.unit ?? '', names, groups);
}

function plotTitle({ title, plot, figures }: Group): string {
  const figure = figures[plot?.figure ?? ''];
  return `${title}: ${figure?.title}${figure?.unit ? ` in ${figure.unit}` : ''}`;
}

function workers({ scenarios }: Results): string {
  const all = scenarios.flatMap(({ subjects }) => subjects.flatMap(({ worker }) => worker ?? []));
  const distinct = [...new Map(all.map((worker) => [worker.sha256, worker])).values()];
  return [
    '## Workers',
    ...distinct.map(({ sha256, source, compiler, patches }) => {
      const built = compiler ? `, ${compiler}` : '';
      const with_ = patches.length > 0 ? `patches: ${patches.join(', ')}` : 'no patches';
      return `- \`${sha256.slice(0, 12)}\` (${source}${built}): ${with_}`;
    }),
  ].join('\n');
}

function mostFrequent(texts: readonly string[]): string | undefined {
  const counts = new Map<string, number>();
  for (const text of texts) {
    // Counts of packets and percentages differ from run to run.
    const kind = text.replaceAll(/\d+/g, 'N');
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  const [most] = [...counts].sort(([, a], [, b]) => b - a);
  return texts.find((text) => text.replaceAll(/\d+/g, 'N') === most?.[0]);
}
