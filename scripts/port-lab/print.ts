import { styleText } from 'node:util';
import type { Finding, Judgement, Verdict } from './claim.ts';
import type { Table } from './experiment.ts';
import type { Report } from './lab.ts';
import { hanging, wrap } from './text.ts';

type Style = Parameters<typeof styleText>[0];
type Paint = (style: Style, text: string) => string;

const styles: Record<Verdict, Style> = {
  holds: 'green',
  'holds in part': 'yellow',
  'does not hold': 'red',
  'left open': 'cyan',
  'not run here': 'dim',
  skipped: 'dim',
};

const verdictWidth = Math.max(...Object.keys(styles).map((verdict) => verdict.length));

/**
 * The report, for people.
 *
 * @param width - Columns, 60 or more.
 * @param colour - Whether the terminal shows colours.
 */
export function printReport(
  { kernel, privateNetwork, tables, judgements }: Report,
  { width, colour }: { width: number; colour: boolean },
): string {
  const paint: Paint = (style, text) =>
    colour ? styleText(style, text, { validateStream: false }) : text;
  const heading = (text: string) => ['', paint('bold', text), '='.repeat(text.length)];
  const where = privateNetwork
    ? 'in a network namespace of its own'
    : "on this machine's loopback, beside whatever else runs here";

  return [
    ...wrap(`The port-reuse lab: ${kernel}, ${where}.`, width),
    ...heading('What this kernel does'),
    ...tables.flatMap((table, i) => ['', ...tableLines(table, i + 1, { width, paint })]),
    ...heading('What the document says that oneport began with'),
    ...judgements.flatMap((judgement, i) => [
      '',
      ...judgementLines(judgement, i + 1, { width, paint }),
    ]),
    ...heading('In short'),
    '',
    ...judgements.flatMap((judgement, i) => shortLines(judgement, i + 1, { width, paint })),
    '',
  ].join('\n');
}

interface Look {
  readonly width: number;
  readonly paint: Paint;
}

function tableLines(table: Table, number: number, { width, paint }: Look): string[] {
  const title = hanging(`${String(number).padStart(2)}. `, table.title, width).map((line) =>
    paint('bold', line),
  );

  if (table.skipped !== undefined) {
    return [...title, ...hanging('    ', `Skipped: ${table.skipped}.`, width)];
  }

  const lines = [
    [table.rowsAre, ...table.columns],
    ...table.rows.map(({ name, cells }) => [name, ...cells]),
  ];
  const widths = [table.rowsAre, ...table.columns].map((_, column) =>
    Math.max(...lines.map((line) => line[column]?.length ?? 0)),
  );
  const [head = '', ...body] = lines.map(
    (line) =>
      `    ${line.map((cell, i) => shade(cell.padEnd(i < line.length - 1 ? (widths[i] ?? 0) : 0), i, paint)).join('  ')}`,
  );
  const rule = `    ${widths.map((columns) => '-'.repeat(columns)).join('  ')}`;

  return [...title, head, rule, ...body, ...hanging('    ', table.note ?? '', width)].filter(
    (line) => line.trim() !== '',
  );
}

/** What is refused steps back, so that what isn't can be seen. */
function shade(cell: string, column: number, paint: Paint): string {
  return column > 0 && /^(E[A-Z]+|-|not here)\s*$/.test(cell) ? paint('dim', cell) : cell;
}

function judgementLines(judgement: Judgement, number: number, { width, paint }: Look): string[] {
  const { id, chinese, english, verdict, reason, since, findings } = judgement;
  const [first = '', ...others] = hanging(
    `${String(number).padStart(2)}. `,
    `${id}: ${verdict}${reason ? `, ${reason}` : ''}`,
    width,
  );

  return [
    first.replace(`${id}: ${verdict}`, `${paint('bold', id)}: ${paint(styles[verdict], verdict)}`),
    ...others,
    `    ${chinese}`,
    ...hanging('    ', english, width),
    ...findings.flatMap((finding) => findingLines(finding, { width, paint })),
    ...hanging('    since  ', since, width),
  ];
}

function findingLines({ label, found, says, isMet }: Finding, { width, paint }: Look): string[] {
  const [mark, style]: [string, Style] =
    isMet === undefined ? ['  ', 'reset'] : isMet ? ['ok', 'green'] : ['no', 'red'];
  const text = `${label}: ${found}${isMet === false ? ` (the document: ${says})` : ''}`;

  return hanging(`    ${mark}     `, text, width).map((line) =>
    line.replace(/^ {4}(ok|no)/, (start) => paint(style, start)),
  );
}

function shortLines(judgement: Judgement, number: number, { width, paint }: Look): string[] {
  const verdict = judgement.verdict.padEnd(verdictWidth);
  const first = `${String(number).padStart(2)}. ${verdict}  `;

  return hanging(first, judgement.english, width).map((line) =>
    line.replace(verdict, paint(styles[judgement.verdict], verdict)),
  );
}
