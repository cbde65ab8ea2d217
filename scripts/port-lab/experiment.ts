import { CallError } from './libc.ts';

/**
 * What an experiment found: words only, the same at each run, so that claims can be judged by them and a test can
 * hold them. The rows and columns of one that could not be run are empty, and `skipped` says why.
 */
export interface Table {
  readonly id: string;
  readonly title: string;
  /** What the first column has. */
  readonly rowsAre: string;
  readonly columns: readonly string[];
  readonly rows: readonly Row[];
  /** How to read it, and since when it is so. */
  readonly note?: string;
  readonly skipped?: string;
}

export interface Row {
  readonly name: string;
  /** One for each column. */
  readonly cells: readonly string[];
}

export interface Experiment extends Omit<Table, 'rows' | 'skipped'> {
  /** @returns Why it can't be run here, in a sentence without its full stop. */
  readonly cannotRun?: () => string | undefined | Promise<string | undefined>;
  readonly run: () => Promise<Row[]>;
}

/** The word of a cell that this system has nothing to measure for. */
export const notHere = 'not here';

/** Runs an experiment, unless it can't be run here, as it turns out before or on the way. */
export async function tableOf({ cannotRun, run, ...head }: Experiment): Promise<Table> {
  const skip = (skipped: string) => ({ ...head, columns: [], rows: [], skipped });
  const reason = await cannotRun?.();

  if (reason !== undefined) {
    return skip(reason);
  }
  try {
    return { ...head, rows: await run() };
  } catch (error) {
    if (error instanceof CallError) {
      return skip(`this system refused ${error.message}`);
    }
    throw error;
  }
}

/**
 * Makes a table's rows, cell after cell: experiments share the machine's ports, so none runs beside another.
 *
 * @param measure - Gives the word for one cell.
 */
export async function measureRows<R extends string, C extends string>(
  names: readonly R[],
  columns: readonly C[],
  measure: (row: R, column: C) => Promise<string>,
): Promise<Row[]> {
  const rows: Row[] = [];

  for (const name of names) {
    const cells: string[] = [];

    for (const column of columns) {
      cells.push(await measure(name, column));
    }
    rows.push({ name, cells });
  }

  return rows;
}
