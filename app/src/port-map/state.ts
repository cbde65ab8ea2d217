/** The state of the page: the server's rows, assembled from its updates. */
import type {
  Changes,
  Look,
  PortMapFacts,
  PortMapUpdate,
  PortRow,
  TransportRow,
  WorkerRow,
} from '@oneport/protocol';

export type LinkState =
  | { name: 'no-token' }
  | { name: 'connecting' }
  | { name: 'open' }
  | { name: 'rejected'; reason: 'token' | 'host' | 'full' };

export interface PortMapState {
  link: LinkState;
  /** The current search. `facts` follows it with the server's answer. */
  look: Look;
  /** The server's clock at the last update, in milliseconds since 1970. */
  at: number;
  facts: PortMapFacts | undefined;
  workers: ReadonlyMap<string, WorkerRow>;
  ports: ReadonlyMap<string, PortRow>;
  transports: ReadonlyMap<string, TransportRow>;
}

const emptyLook: Look = { search: '', port: null };

export function initialState(link: LinkState): PortMapState {
  return {
    link,
    look: emptyLook,
    at: 0,
    facts: undefined,
    workers: new Map(),
    ports: new Map(),
    transports: new Map(),
  };
}

type ServerState = Pick<PortMapState, 'at' | 'facts' | 'workers' | 'ports' | 'transports'>;

/**
 * Applies an update.
 *
 * @param known - the state before it; undefined for the first update of a connection, which contains everything
 * @returns the state after it, in which unchanged tables are the same objects
 */
export function withUpdate(known: ServerState | undefined, update: PortMapUpdate): ServerState {
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
