/** What the page knows: the server's rows, put together out of its updates. */
import type {
  Changes,
  DashboardFacts,
  DashboardUpdate,
  Look,
  PortRow,
  TransportRow,
  WorkerRow,
} from '@oneport/protocol';

export type LinkState =
  | { name: 'no-token' }
  | { name: 'connecting' }
  | { name: 'open' }
  | { name: 'refused'; reason: 'token' | 'host' | 'full' };

export interface DashboardState {
  link: LinkState;
  /** What is asked for. The server's answer to it is in `facts`, a little later. */
  look: Look;
  /** The server's clock at the last update, in milliseconds since 1970. */
  at: number;
  facts: DashboardFacts | undefined;
  workers: ReadonlyMap<string, WorkerRow>;
  ports: ReadonlyMap<string, PortRow>;
  transports: ReadonlyMap<string, TransportRow>;
}

export const nothingLookedFor: Look = { search: '', port: null };

/** @param link - whether there is a token to begin with */
export function initialState(link: LinkState): DashboardState {
  return {
    link,
    look: nothingLookedFor,
    at: 0,
    facts: undefined,
    workers: new Map(),
    ports: new Map(),
    transports: new Map(),
  };
}

type Told = Pick<DashboardState, 'at' | 'facts' | 'workers' | 'ports' | 'transports'>;

/**
 * What is known after an update.
 *
 * @param known - before it; undefined: it is the first of a connection, which has everything
 * @returns tables that have not changed are the same objects
 */
export function withUpdate(known: Told | undefined, update: DashboardUpdate): Told {
  const before = known ?? initialState({ name: 'open' });
  return {
    at: update.at,
    facts: update.facts ?? before.facts,
    workers: withChanges(before.workers, update.workers),
    ports: withChanges(before.ports, update.ports),
    transports: withChanges(before.transports, update.transports),
  };
}

function withChanges<Row extends { key: string }>(
  rows: ReadonlyMap<string, Row>,
  changes: Changes<Row> | undefined,
): ReadonlyMap<string, Row> {
  if (!changes) {
    return rows;
  }
  const next = new Map(rows);
  for (const key of changes.gone) {
    next.delete(key);
  }
  for (const row of changes.set) {
    next.set(row.key, row);
  }
  return next;
}
