import { styleText } from 'node:util';
import type { Table } from './experiment.ts';
import { type Judgement, type Verdict, verdicts } from './judge.ts';
import type { Report } from './lab.ts';

const styles: Record<Verdict | 'ok' | 'no', Parameters<typeof styleText>[0]> = {
  holds: 'green',
  'holds in part': 'yellow',
  'does not hold': 'red',
  'left open': 'cyan',
  'not run here': 'dim',
  skipped: 'dim',
  ok: 'green',
  no: 'red',
};

const verdictWidth = Math.max(...verdicts.map((verdict) => verdict.length));

/** Formats the report for stdout, with colours if it is a terminal that has them. @param width - in columns, 60 or more */
export function printReport(
  { kernel, privateNetwork, tables, judgements }: Report,
  width: number,
): string {
  const heading = (text: string) => ['', text, '='.repeat(text.length)];
  const where = privateNetwork
    ? 'in a network namespace of its own'
    : "on this machine's loopback, which other programs use too";
  const lines = [
    ...hanging('', `The port-reuse lab: ${kernel}, ${where}.`, width),
    ...heading('The behaviour of this kernel'),
    ...tables.flatMap((table, i) => ['', ...tableLines(table, ordinal(i), width)]),
    ...heading('The sentences of the document that oneport began with'),
    ...judgements.flatMap((judgement, i) => ['', ...judgementLines(judgement, ordinal(i), width)]),
    ...heading('The verdicts'),
    '',
    ...judgements.flatMap(({ verdict, english }, i) =>
      hanging(`${ordinal(i)}${verdict.padEnd(verdictWidth)}  `, english, width),
    ),
    '',
    ...hanging('', overall(judgements), width),
    '',
  ];
  return lines.map(coloured).join('\n');
}

/** How often there was each verdict. */
function overall(judgements: readonly Judgement[]): string {
  const counts = verdicts.map((verdict) => {
    const count = judgements.filter((judgement) => judgement.verdict === verdict).length;
    return count > 0 ? [`${verdict} ${count}`] : [];
  });
  return `Overall, of ${judgements.length} sentences: ${counts.flat().join(', ')}.`;
}

function tableLines(table: Table, number: string, width: number): string[] {
  const title = hanging(number, table.title, width);
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
  const rule = widths.map((columns) => '-'.repeat(columns));
  const [head = '', ...body] = [lines[0] ?? [], rule, ...lines.slice(1)].map((line) =>
    `    ${line.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join('  ')}`.trimEnd(),
  );
  return [...title, head, ...body, ...(table.note ? hanging('    ', table.note, width) : [])];
}

function judgementLines(judgement: Judgement, number: string, width: number): string[] {
  const { id, english, chinese, verdict, reason, since, findings } = judgement;
  return [
    ...hanging(number, `${id}: ${verdict}${reason ? `, ${reason}` : ''}`, width),
    ...hanging('    ', english, width),
    `    ${chinese}`,
    ...findings.flatMap(({ label, found, says, isMet }) => {
      const mark = isMet === undefined ? '  ' : isMet ? 'ok' : 'no';
      const expected = isMet === false ? ` (the document: ${says})` : '';
      return hanging(`    ${mark}     `, `${label}: ${found}${expected}`, width);
    }),
    ...hanging('    since  ', since, width),
  ];
}

/** Colours a verdict behind its number, ok and no, and dims what was refused, so that the rest stands out. */
function coloured(line: string): string {
  const paint = (text: string, style = styles[text as Verdict]) =>
    styleText(style, text, { stream: process.stdout });
  const verdict = new RegExp(`(?<=^ *\\d+\\. ([\\w-]+: )?)(${verdicts.toReversed().join('|')})`);
  return line
    .replace(verdict, (text) => paint(text))
    .replace(/(?<=^ {4})(ok|no)(?= )/, (text) => paint(text))
    .replace(/\b(EADDRINUSE|ENOPROTOOPT|not here)\b/g, (text) => paint(text, 'dim'));
}

function ordinal(index: number): string {
  return `${String(index + 1).padStart(2)}. `;
}

/**
 * Breaks text into lines. The first begins with `first`, the others with as many spaces.
 *
 * @param width - in columns, those of `first` included; a longer word has a line of its own. No wide characters
 */
function hanging(first: string, text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last === undefined || first.length + last.length + 1 + word.length > width) {
      lines.push(word);
    } else {
      lines[lines.length - 1] = `${last} ${word}`;
    }
  }
  return lines.map((line, i) => (i === 0 ? first : ' '.repeat(first.length)) + line);
}
