import { notHere, type Table } from './experiment.ts';

/** A cell of a table, and what it would have to be if the document were right. */
export interface Evidence {
  /** The table's id. */
  readonly table: string;
  readonly row: string;
  readonly column: string;
  /** How the cell is called where it is quoted; without it, by its row. */
  readonly label?: string;
  /** What the document says of it; without this the cell is shown beside, and judged by nobody. */
  readonly says?: Expectation;
}

export interface Expectation {
  readonly words: string;
  readonly isMet: (cell: string) => boolean;
}

export interface Claim {
  readonly id: string;
  /** The document's own words. */
  readonly chinese: string;
  readonly english: string;
  /** The system that it speaks of; without it, all. */
  readonly system?: 'linux' | 'freebsd';
  readonly evidence: readonly Evidence[];
  /** Since when it is as it is, and who says so. */
  readonly since: string;
}

export type Verdict =
  | 'holds'
  | 'holds in part'
  | 'does not hold'
  | 'left open'
  | 'not run here'
  | 'skipped';

/** A piece of evidence with what was found. */
export interface Finding {
  readonly label: string;
  readonly found: string;
  readonly says?: string;
  /** Missing where the document says nothing, or where this system has nothing to measure. */
  readonly isMet?: boolean;
}

export interface Judgement extends Omit<Claim, 'evidence'> {
  readonly verdict: Verdict;
  /** Why there is no verdict. */
  readonly reason?: string;
  readonly findings: readonly Finding[];
}

const systemNames = { linux: 'Linux', freebsd: 'FreeBSD' };

/**
 * Compares what the document says with what was found.
 *
 * @param platform - As process.platform says it.
 * @throws When the evidence names a cell that no table has: a mistake of ours.
 */
export function judge(claim: Claim, tables: readonly Table[], platform: string): Judgement {
  const { evidence, ...head } = claim;

  if (claim.system && claim.system !== platform) {
    const reason = `it speaks of ${systemNames[claim.system]}`;

    return { ...head, verdict: 'not run here', reason, findings: [] };
  }

  const skipped = evidence
    .map(({ table }) => tableWith(tables, table).skipped)
    .find((why) => why !== undefined);

  if (skipped !== undefined) {
    return { ...head, verdict: 'skipped', reason: skipped, findings: [] };
  }

  const findings = evidence.map((entry) => lookUp(entry, tables));

  return { ...head, verdict: verdictOf(findings), findings };
}

function verdictOf(findings: readonly Finding[]): Verdict {
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

function lookUp({ table: id, row, column, label = row, says }: Evidence, tables: readonly Table[]) {
  const table = tableWith(tables, id);
  const found = table.rows.find(({ name }) => name === row)?.cells[table.columns.indexOf(column)];

  if (found === undefined) {
    throw new Error(`the table ${id} has no cell ${row}, ${column}`);
  }

  return {
    label,
    found,
    ...(says ? { says: says.words } : {}),
    ...(says && found !== notHere ? { isMet: says.isMet(found) } : {}),
  };
}

function tableWith(tables: readonly Table[], id: string): Table {
  const table = tables.find((entry) => entry.id === id);

  if (!table) {
    throw new Error(`there is no table ${id}`);
  }

  return table;
}
