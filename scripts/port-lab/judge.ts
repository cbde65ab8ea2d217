import type { Table } from './experiment.ts';

/**
 * A cell of a table by the table's id, the row's name and the column; what the document says of it: a key of
 * `expectations`, or the cell's very word, or nothing when the cell is shown and not judged; and the cell's name where it
 * is quoted, by default that of its row.
 */
export type Evidence = readonly [
  table: string,
  row: string,
  column: string,
  says?: string,
  label?: string,
];

const isError = (cell: string) => /^E[A-Z]+$/.test(cell);

const expectations: Record<string, (cell: string) => boolean> = {
  refused: (cell) => isError(cell) || cell === 'refused',
  'both bound': (cell) => !isError(cell),
  'one gets all': (cell) => cell === 'first' || cell === 'last',
  'one of the two': (cell) => cell === 'udp' || cell === 'tcp',
  'it needs reuse': (cell) => cell === '0',
  'it works': (cell) => Number(cell) > 0,
  'wake-ups for nothing': (cell) => Number(cell) > 0,
};

export interface Claim {
  readonly id: string;
  readonly english: string;
  /** The document's own words. */
  readonly chinese: string;
  /** Missing in a sentence about FreeBSD, where the lab does not run. */
  readonly evidence?: readonly Evidence[];
  /** Since when it is so, and the source for that. */
  readonly since: string;
}

export const verdicts = [
  'holds',
  'holds in part',
  'does not hold',
  'left open',
  'not run here',
  'skipped',
] as const;

export type Verdict = (typeof verdicts)[number];

/** A piece of evidence with what was found. */
export interface Finding {
  readonly label: string;
  readonly found: string;
  readonly says?: string;
  /** Missing where the document says nothing. */
  readonly isMet?: boolean;
}

export interface Judgement extends Omit<Claim, 'evidence'> {
  readonly verdict: Verdict;
  /** Why there is no verdict. */
  readonly reason?: string;
  readonly findings: readonly Finding[];
}

/**
 * Compares what the document says with what was found.
 *
 * @throws Error when the evidence names a cell that no table has, which is a bug
 */
export function judge(claim: Claim, tables: readonly Table[]): Judgement {
  const { evidence, ...head } = claim;
  if (!evidence) {
    return { ...head, verdict: 'not run here', reason: 'it is about FreeBSD', findings: [] };
  }
  const skipped = evidence
    .map(([table]) => tableWith(tables, table).skipped)
    .find((reason) => reason !== undefined);
  if (skipped !== undefined) {
    return { ...head, verdict: 'skipped', reason: skipped, findings: [] };
  }
  const findings = evidence.map((entry) => lookUp(entry, tables));
  return { ...head, verdict: verdictOn(findings), findings };
}

function verdictOn(findings: readonly Finding[]): Verdict {
  const judged = findings.filter(({ isMet }) => isMet !== undefined);
  const met = judged.filter(({ isMet }) => isMet);
  if (judged.length === 0) {
    return 'left open';
  }
  if (met.length === judged.length) {
    return 'holds';
  }
  return met.length > 0 ? 'holds in part' : 'does not hold';
}

function lookUp([id, row, column, says, label = row]: Evidence, tables: readonly Table[]): Finding {
  const table = tableWith(tables, id);
  const found = table.rows.find(({ name }) => name === row)?.cells[table.columns.indexOf(column)];
  if (found === undefined) {
    throw new Error(`the table ${id} has no cell ${row}, ${column}`);
  }
  if (!says) {
    return { label, found };
  }
  return { label, found, says, isMet: expectations[says]?.(found) ?? found === says };
}

function tableWith(tables: readonly Table[], id: string): Table {
  const table = tables.find((entry) => entry.id === id);
  if (!table) {
    throw new Error(`there is no table ${id}`);
  }
  return table;
}
