import type { TransportRow } from '@oneport/protocol';
import { expect, test } from 'vitest';
import { layOut, maxPaths, type Node, rowHeight } from './diagram-layout.ts';

/** A transport's row; a test gives the fields that it is about. */
function transportRow(change: Partial<TransportRow>): TransportRow {
  return {
    key: 'transport',
    roomId: 'room',
    peerId: 'peer',
    displayName: null,
    direction: 'send',
    worker: 0,
    ufrag: 'ufrag',
    previousUfrag: null,
    ports: ['udp 44444', 'tcp 44444'],
    phase: 'waiting',
    openedAt: 0,
    stunAt: null,
    dtlsAt: null,
    tuple: null,
    otherRemotes: [],
    rates: null,
    ...change,
  };
}

/** `count` peers with two transports each, spread over rooms and workers. */
function call(count: number, portOf: (n: number) => string) {
  return Array.from({ length: 2 * count }, (_, n) =>
    transportRow({
      key: `t${n}`,
      peerId: `p${n >> 1}`,
      roomId: `r${(n >> 1) % 3}`,
      worker: ((n >> 1) % 3) % 2,
      openedAt: n,
      phase: 'stun',
      tuple: { port: portOf(n), address: '192.0.2.1', remotePort: 50000 + n, since: n },
    }),
  );
}

function expectApart(nodes: Node[]) {
  for (const [i, { y }] of nodes.entries()) {
    const next = nodes[i + 1];
    if (next) {
      expect(next.y - y).toBeGreaterThanOrEqual(30);
    }
  }
}

test('has a port node for each port in use', () => {
  const many = layOut(call(5, (n) => `udp ${40000 + n}`));
  expect(many.ports).toHaveLength(10);
  expect(many.ports.every(({ paths }) => paths === 1)).toBe(true);
  const one = layOut(call(5, () => 'udp 443'));
  expect(one.ports).toMatchObject([{ key: 'udp 443', paths: 10 }]);
  expect(one.paths).toHaveLength(10);
});

test('keeps the paths of a room together, and nodes apart', () => {
  const { paths, ports, workers, rooms, height } = layOut(call(6, (n) => `udp ${n % 2}`));
  const order = paths.map(({ room }) => room);
  expect(order.filter((room, i) => room !== order[i - 1])).toHaveLength(rooms.length);
  for (const nodes of [ports, workers, rooms]) {
    expectApart(nodes);
    expect(nodes.at(-1)?.y).toBeLessThan(height);
  }
  for (const [i, { y }] of paths.entries()) {
    expect(y.client).toBe(i * rowHeight + rowHeight / 2);
  }
});

test('shows the newest transports only', () => {
  const { paths } = layOut(call(50, () => 'udp 443'));
  expect(paths).toHaveLength(maxPaths);
  expect(Math.min(...paths.map(({ row }) => row.openedAt))).toBe(100 - maxPaths);
});

test('uses the first announced port before a client has connected', () => {
  expect(layOut([transportRow({})]).paths[0]?.port).toBe('udp 44444');
  expect(layOut([])).toMatchObject({ paths: [], height: 0 });
});
