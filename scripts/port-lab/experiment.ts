import { SystemCallError } from '../../server/src/net/libc.ts';

/**
 * The results of an experiment, in words that are the same at each run, so that claims and tests can rely on them. A skipped
 * experiment has no rows and no columns.
 */
export interface Table {
  readonly id: string;
  readonly title: string;
  /** The head of the first column. */
  readonly rowsAre: string;
  readonly columns: readonly string[];
  readonly rows: readonly Row[];
  /** How to read the table. */
  readonly note?: string;
  /** The reason, in a sentence without its full stop. */
  readonly skipped?: string;
}

export interface Row {
  readonly name: string;
  /** One for each column. */
  readonly cells: readonly string[];
}

export interface Experiment extends Omit<Table, 'rows' | 'skipped'> {
  /** @returns why it can't be run here, in a sentence without its full stop */
  readonly cannotRun?: () => string | undefined | Promise<string | undefined>;
  readonly run: () => Promise<Row[]>;
}

/** Runs an experiment. It is skipped if it can't be run here or the system refuses one of its calls. */
export async function tableOf({ cannotRun, run, ...head }: Experiment): Promise<Table> {
  const skip = (skipped: string) => ({ ...head, columns: [], rows: [], skipped });
  const reason = await cannotRun?.();
  if (reason !== undefined) {
    return skip(reason);
  }
  try {
    return { ...head, rows: await run() };
  } catch (error) {
    if (error instanceof SystemCallError) {
      return skip(`this system refused ${error.message}`);
    }
    throw error;
  }
}

/** Makes rows, one after the other. */
export function rowsOf<R extends string>(
  names: readonly R[],
  cellsOf: (name: R) => Promise<string[]>,
): Promise<Row[]> {
  return inTurn(names, async (name) => ({ name, cells: await cellsOf(name) }));
}

/** Makes rows cell by cell. @param measure - returns the word for one cell */
export function measureRows<R extends string, C>(
  names: readonly R[],
  columns: readonly C[],
  measure: (row: R, column: C) => Promise<string>,
): Promise<Row[]> {
  return rowsOf(names, (name) => inTurn(columns, (column) => measure(name, column)));
}

/** Does work on one item after the other, because all of it shares the machine's ports. */
export async function inTurn<T, U>(
  items: readonly T[],
  work: (item: T) => Promise<U>,
): Promise<U[]> {
  const results: U[] = [];
  for (const item of items) {
    results.push(await work(item));
  }
  return results;
}
