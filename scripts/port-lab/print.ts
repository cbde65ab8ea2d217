import type { Table } from './experiment.ts';
import { type Judgement, verdicts } from './judge.ts';
import type { Report } from './lab.ts';

const width = 80;
const verdictWidth = Math.max(...verdicts.map((verdict) => verdict.length));

/** Formats the report for a terminal of 80 columns. */
export function printReport({ kernel, privateNetwork, tables, judgements }: Report): string {
  const heading = (text: string) => ['', text, '='.repeat(text.length)];
  const where = privateNetwork
    ? 'in a network namespace of its own'
    : "on this machine's loopback, which other programs use too";
  const lines = [
    ...hanging('', `The port-reuse lab: ${kernel}, ${where}.`),
    ...heading('The behaviour of this kernel'),
    ...tables.flatMap((table, i) => ['', ...tableLines(table, ordinal(i))]),
    ...heading('The sentences of the document that oneport began with'),
    ...judgements.flatMap((judgement, i) => ['', ...judgementLines(judgement, ordinal(i))]),
    ...heading('The verdicts'),
    '',
    ...judgements.flatMap(({ verdict, english }, i) =>
      hanging(`${ordinal(i)}${verdict.padEnd(verdictWidth)}  `, english),
    ),
    '',
    ...hanging('', overall(judgements)),
    '',
  ];
  return lines.join('\n');
}

/** How often there was each verdict. */
function overall(judgements: readonly Judgement[]): string {
  const counts = verdicts.map((verdict) => {
    const count = judgements.filter((judgement) => judgement.verdict === verdict).length;
    return count > 0 ? [`${verdict} ${count}`] : [];
  });
  return `Overall, of ${judgements.length} sentences: ${counts.flat().join(', ')}.`;
}

function tableLines(table: Table, number: string): string[] {
  const title = hanging(number, table.title);
  if (table.skipped !== undefined) {
    return [...title, ...hanging('    ', `Skipped: ${table.skipped}.`)];
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
  return [...title, head, ...body, ...(table.note ? hanging('    ', table.note) : [])];
}

function judgementLines(judgement: Judgement, number: string): string[] {
  const { id, english, chinese, verdict, reason, since, findings } = judgement;
  return [
    ...hanging(number, `${id}: ${verdict}${reason ? `, ${reason}` : ''}`),
    ...hanging('    ', english),
    `    ${chinese}`,
    ...findings.flatMap(({ label, found, says, isMet }) => {
      const mark = isMet === undefined ? '  ' : isMet ? 'ok' : 'no';
      const expected = isMet === false ? ` (the document: ${says})` : '';
      return hanging(`    ${mark}     `, `${label}: ${found}${expected}`);
    }),
    ...hanging('    since  ', since),
  ];
}

function ordinal(index: number): string {
  return `${String(index + 1).padStart(2)}. `;
}

/** Breaks text into lines. The first begins with `first`, the others with as many spaces. */
function hanging(first: string, text: string): string[] {
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
