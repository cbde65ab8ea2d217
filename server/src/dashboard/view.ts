import {
  type Changes,
  type DashboardFacts,
  type DashboardUpdate,
  dashboardLimits,
  type Look,
  type PortRow,
  type TransportRow,
  type WorkerRow,
} from '@oneport/protocol';
import type { Picture } from './picture.ts';
import { searchFor } from './search.ts';

/** What one viewer is shown: as much as the contract allows. */
export interface View {
  facts: DashboardFacts;
  workers: WorkerRow[];
  ports: PortRow[];
  transports: TransportRow[];
}

/**
 * Cuts out what somebody looks at: the newest transports that suit, their ports first.
 *
 * @param picture - everything
 * @param look - as it was checked by the contract
 */
export function viewOf(picture: Picture, look: Look): View {
  const { mode, why, rooms, counted, workers, ports, transports } = picture;
  const suits = searchFor(look.search);
  const portsOf = (row: TransportRow) => row.ports.flatMap((key) => ports.get(key) ?? []);
  const matching = transports.filter(
    (row) => (look.port === null || row.ports.includes(look.port)) && suits(row, portsOf(row)),
  );
  const shown = matching
    .sort((a, b) => b.openedAt - a.openedAt)
    .slice(0, dashboardLimits.transports);
  const used = new Set(shown.flatMap((row) => row.tuple?.port ?? row.ports));
  const rank = ({ key, connected }: PortRow) =>
    (key === look.port ? 4 : 0) + (used.has(key) ? 2 : 0) + (connected > 0 ? 1 : 0);
  return {
    facts: {
      mode,
      why,
      rooms,
      transports: transports.length,
      ports: ports.size,
      counted,
      look,
      matches: matching.length,
    },
    workers,
    ports: [...ports.values()]
      .sort((a, b) => rank(b) - rank(a) || a.port - b.port)
      .slice(0, dashboardLimits.ports),
    transports: shown,
  };
}

type Table = 'workers' | 'ports' | 'transports';

/** What a viewer has been sent: what follows is only what differs. */
export class SentView {
  #facts = '';
  readonly #rows: Record<Table, Map<string, string>> = {
    workers: new Map(),
    ports: new Map(),
    transports: new Map(),
  };

  /**
   * What to send so that the viewer has this view; it counts as sent from now on.
   *
   * @param view - what it shall have
   * @param at - milliseconds since 1970
   * @returns undefined when it has it
   */
  update(view: View, at: number): DashboardUpdate | undefined {
    const facts = JSON.stringify(view.facts);
    const update: DashboardUpdate = { at };
    if (facts !== this.#facts) update.facts = view.facts;
    this.#facts = facts;
    const workers = changes(this.#rows.workers, view.workers);
    const ports = changes(this.#rows.ports, view.ports);
    const transports = changes(this.#rows.transports, view.transports);
    if (workers) update.workers = workers;
    if (ports) update.ports = ports;
    if (transports) update.transports = transports;
    return Object.keys(update).length > 1 ? update : undefined;
  }
}

function changes<Row extends { key: string }>(
  sent: Map<string, string>,
  rows: Row[],
): Changes<Row> | undefined {
  const keys = new Set(rows.map(({ key }) => key));
  const gone = [...sent.keys()].filter((key) => !keys.has(key));
  for (const key of gone) sent.delete(key);
  const set = rows.filter((row) => {
    const text = JSON.stringify(row);
    const same = sent.get(row.key) === text;
    sent.set(row.key, text);
    return !same;
  });
  return set.length + gone.length > 0 ? { set, gone } : undefined;
}
