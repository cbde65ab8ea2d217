/** Where everything stands in the picture of packets' ways. Pure: no pixels are drawn here. */
import type { TransportRow } from '@oneport/protocol';

export const columns = ['client', 'port', 'known', 'worker', 'transport', 'room'] as const;
export type Column = (typeof columns)[number];

/** Ways that the picture has room for. */
export const mostWays = 24;

/** Height of a way, in the picture's units. */
export const rowHeight = 38;
const nodeHeight = 30;

/** Something that ways have in common: a port, a worker, a room. */
export interface Node {
  key: string;
  y: number;
  /** How many of the ways lead through it. */
  ways: number;
}

export interface Way {
  row: TransportRow;
  /** Where each column is crossed. */
  y: Record<Column, number>;
  /** The keys of what it leads through. */
  port: string;
  room: string;
  worker: string;
}

export interface PictureLayout {
  ways: Way[];
  ports: Node[];
  workers: Node[];
  rooms: Node[];
  height: number;
}

/**
 * Places the newest ways, sorted so that those of a room and of a worker lie together.
 *
 * @param transports - in any order
 */
export function layOut(transports: Iterable<TransportRow>): PictureLayout {
  const rows = [...transports]
    .sort((a, b) => b.openedAt - a.openedAt || compare(a.key, b.key))
    .slice(0, mostWays)
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
  const ways = placed.map(({ row, at }) => {
    const [port, worker, room] = [portOf(row), String(row.worker), row.roomId];
    return {
      row,
      port,
      worker,
      room,
      y: {
        client: at,
        port: yOf(ports, port),
        known: at,
        worker: yOf(workers, worker),
        transport: at,
        room: yOf(rooms, room),
      },
    };
  });
  const lowest = [...ports, ...workers, ...rooms].map(({ y }) => y + rowHeight / 2);
  return { ways, ports, workers, rooms, height: Math.max(rows.length * rowHeight, ...lowest, 0) };
}

/** Before ICE has chosen one, the first of those that the client has been told. */
function portOf({ tuple, ports }: TransportRow): string {
  return tuple?.port ?? ports[0] ?? '';
}

/** In the middle of their ways, but not on top of each other. */
function nodesOf(
  placed: { row: TransportRow; at: number }[],
  keyOf: (row: TransportRow) => string,
): Node[] {
  const groups = Map.groupBy(placed, ({ row }) => keyOf(row));
  const nodes = [...groups].map(([key, members]) => ({
    key,
    y: members.reduce((sum, { at }) => sum + at, 0) / members.length,
    ways: members.length,
  }));
  nodes.sort((a, b) => a.y - b.y || compare(a.key, b.key));
  let free = 0;
  for (const node of nodes) {
    node.y = Math.max(node.y, free + nodeHeight / 2);
    free = node.y + nodeHeight / 2 + 4;
  }
  return nodes;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
