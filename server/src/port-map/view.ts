import {
  type Changes,
  type Look,
  type PortMapFacts,
  type PortMapUpdate,
  type PortRow,
  portMapLimits,
  type TransportRow,
  type WorkerRow,
} from '@oneport/protocol';
import type { Rows } from './rows.ts';
import { searchFor } from './search.ts';

/** The rows that one viewer gets, within `portMapLimits`. */
export interface View {
  facts: PortMapFacts;
  workers: WorkerRow[];
  ports: PortRow[];
  transports: TransportRow[];
}

/**
 * Selects the newest transports that match, and their ports before others.
 *
 * @param look - validated
 */
export function viewOf(rows: Rows, look: Look): View {
  const { mode, why, rooms, counted, workers, ports, transports } = rows;
  const matching = matchingTransports(rows, look);
  const shown = matching.slice(0, portMapLimits.transports);
  return {
    facts: {
      mode,
      why,
      rooms,
      transports: transports.length,
      ports: ports.size,
      portNumbers: numbersOf([...ports.values()]),
      usedPortNumbers: numbersOf([...ports.values()].filter((port) => port.transports > 0)),
      counted,
      look,
      matches: matching.length,
    },
    workers,
    ports: portsFor(shown, look, ports),
    transports: shown,
  };
}

/** UDP and TCP of the same number count once. */
function numbersOf(ports: PortRow[]): number {
  return new Set(ports.map(({ port }) => port)).size;
}

function matchingTransports(
  { ports, transports }: Rows,
  { search: text, port }: Look,
): TransportRow[] {
  const search = searchFor(text);
  if (!search && port === null) {
    return transports;
  }
  const matchingPorts = new Set<string>();
  if (search) {
    for (const row of ports.values()) {
      if (search.port(row)) {
        matchingPorts.add(row.key);
      }
    }
  }
  return transports.filter(
    (row) =>
      (port === null || row.ports.includes(port)) &&
      (!search || search.transport(row) || row.ports.some((key) => matchingPorts.has(key))),
  );
}

/** The selected port, then those of the shown transports, then others up to the limit, in no order. */
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
    if (keys.size >= portMapLimits.ports) {
      break;
    }
    keys.add(key);
  }
  return [...keys].flatMap((key) => ports.get(key) ?? []).slice(0, portMapLimits.ports);
}

type Table = 'workers' | 'ports' | 'transports';

/** Remembers what a viewer was sent, to send only what has changed. */
export class SentView {
  #facts = '';
  readonly #rows: Record<Table, Map<string, string>> = {
    workers: new Map(),
    ports: new Map(),
    transports: new Map(),
  };

  /**
   * @param at - milliseconds since 1970
   * @returns what to send so that the viewer has this view; it counts as sent. undefined if nothing has changed
   */
  update(view: View, at: number): PortMapUpdate | undefined {
    const facts = JSON.stringify(view.facts);
    const update: PortMapUpdate = { at };
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
