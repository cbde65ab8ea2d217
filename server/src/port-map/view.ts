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
import type { Picture } from './rows.ts';
import { searchFor } from './search.ts';

/** What one viewer is shown: as much as the contract allows. */
export interface View {
  facts: DashboardFacts;
  workers: WorkerRow[];
  ports: PortRow[];
  transports: TransportRow[];
}

/**
 * Cuts out what somebody looks at: the newest transports that suit, and their ports before others.
 *
 * @param picture - everything
 * @param look - as it was checked by the contract
 */
export function viewOf(picture: Picture, look: Look): View {
  const { mode, why, rooms, counted, workers, ports, transports } = picture;
  const matching = suiting(picture, look);
  const shown = matching.slice(0, dashboardLimits.transports);
  return {
    facts: {
      mode,
      why,
      rooms,
      transports: transports.length,
      ports: ports.size,
      portNumbers: new Set([...ports.values()].map(({ port }) => port)).size,
      counted,
      look,
      matches: matching.length,
    },
    workers,
    ports: portsFor(shown, look, ports),
    transports: shown,
  };
}

function suiting({ ports, transports }: Picture, { search: text, port }: Look): TransportRow[] {
  const search = searchFor(text);
  if (!search && port === null) {
    return transports;
  }
  const suitable = new Set<string>();
  if (search) {
    for (const row of ports.values()) {
      if (search.port(row)) {
        suitable.add(row.key);
      }
    }
  }
  return transports.filter(
    (row) =>
      (port === null || row.ports.includes(port)) &&
      (!search || search.transport(row) || row.ports.some((key) => suitable.has(key))),
  );
}

/** Those that are looked at, then those of the transports that are shown, then others: not all, and unsorted. */
function portsFor(
  shown: TransportRow[],
  { port }: Look,
  ports: ReadonlyMap<string, PortRow>,
): PortRow[] {
  const keys = new Set(port === null ? [] : [port]);
  for (const { tuple } of shown) {
    if (tuple) {
      keys.add(tuple.port);
    }
  }
  for (const row of shown) {
    for (const key of row.ports) {
      keys.add(key);
    }
  }
  for (const key of ports.keys()) {
    if (keys.size >= dashboardLimits.ports) {
      break;
    }
    keys.add(key);
  }
  return [...keys].flatMap((key) => ports.get(key) ?? []).slice(0, dashboardLimits.ports);
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
    if (facts !== this.#facts) {
      update.facts = view.facts;
    }
    this.#facts = facts;
    const workers = changes(this.#rows.workers, view.workers);
    const ports = changes(this.#rows.ports, view.ports);
    const transports = changes(this.#rows.transports, view.transports);
    if (workers) {
      update.workers = workers;
    }
    if (ports) {
      update.ports = ports;
    }
    if (transports) {
      update.transports = transports;
    }
    return Object.keys(update).length > 1 ? update : undefined;
  }
}

function changes<Row extends { key: string }>(
  sent: Map<string, string>,
  rows: Row[],
): Changes<Row> | undefined {
  const keys = new Set(rows.map(({ key }) => key));
  const gone = [...sent.keys()].filter((key) => !keys.has(key));
  for (const key of gone) {
    sent.delete(key);
  }
  const set = rows.filter((row) => {
    const text = JSON.stringify(row);
    const same = sent.get(row.key) === text;
    sent.set(row.key, text);
    return !same;
  });
  return set.length + gone.length > 0 ? { set, gone } : undefined;
}
