/** The vertical layout of the diagram: a row for each transport, and boxes for what rows have in common. */
import type { TransportRow } from '@oneport/protocol';

export const columns = ['client', 'port', 'lookup', 'worker', 'transport', 'room'] as const;
export type Column = (typeof columns)[number];

/** The diagram shows the newest transports only. */
export const maxPaths = 24;

/** In units of the diagram, as all heights and positions here. */
export const rowHeight = 38;
const nodeHeight = 30;

/** Something that several paths lead through: a port, a worker, a room. */
export interface Node {
  key: string;
  y: number;
  /** The number of paths that lead through it. */
  paths: number;
}

/** The path of a transport's packets. */
export interface PathLayout {
  row: TransportRow;
  /** The height at which the path crosses each column. */
  y: Record<Column, number>;
  /** Keys of nodes. */
  port: string;
  room: string;
  worker: string;
}

export interface DiagramLayout {
  paths: PathLayout[];
  ports: Node[];
  workers: Node[];
  rooms: Node[];
  height: number;
}

/**
 * Lays out the newest transports, sorted so that those of a worker and of a room are adjacent.
 *
 * @param transports - in any order
 */
export function layOut(transports: Iterable<TransportRow>): DiagramLayout {
  const rows = [...transports]
    .sort((a, b) => b.openedAt - a.openedAt || compare(a.key, b.key))
    .slice(0, maxPaths)
    .sort(
      (a, b) =>
        a.worker - b.worker ||
        compare(a.roomId, b.roomId) ||
        compare(a.peerId, b.peerId) ||
        compare(b.direction, a.direction) ||
        compare(a.key, b.key),
    );
  const placed = rows.map((row, i) => ({ row, at: i * rowHeight + rowHeight / 2 }));
  const ports = nodesOf(placed, portOf);
  const workers = nodesOf(placed, ({ worker }) => String(worker));
  const rooms = nodesOf(placed, ({ roomId }) => roomId);
  const yOf = (nodes: Node[], key: string) => nodes.find((node) => node.key === key)?.y ?? 0;
  const paths = placed.map(({ row, at }) => {
    const [port, worker, room] = [portOf(row), String(row.worker), row.roomId];
    return {
      row,
      port,
      worker,
      room,
      y: {
        client: at,
        port: yOf(ports, port),
        lookup: at,
        worker: yOf(workers, worker),
        transport: at,
        room: yOf(rooms, room),
      },
    };
  });
  const lowest = [...ports, ...workers, ...rooms].map(({ y }) => y + rowHeight / 2);
  return { paths, ports, workers, rooms, height: Math.max(rows.length * rowHeight, ...lowest, 0) };
}

/** Before ICE has selected a port, the first of those announced to the client. */
function portOf({ tuple, ports }: TransportRow): string {
  return tuple?.port ?? ports[0] ?? '';
}

/** Each node is centred on its paths, and moved down where nodes would overlap. */
function nodesOf(
  placed: { row: TransportRow; at: number }[],
  keyOf: (row: TransportRow) => string,
): Node[] {
  const groups = Map.groupBy(placed, ({ row }) => keyOf(row));
  const nodes = [...groups].map(([key, members]) => ({
    key,
    y: members.reduce((sum, { at }) => sum + at, 0) / members.length,
    paths: members.length,
  }));
  nodes.sort((a, b) => a.y - b.y || compare(a.key, b.key));
  let bottom = 0;
  for (const node of nodes) {
    node.y = Math.max(node.y, bottom + nodeHeight / 2);
    bottom = node.y + nodeHeight / 2 + 4;
  }
  return nodes;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
