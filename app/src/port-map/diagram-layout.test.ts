import { expect, test } from 'vitest';
import { layOut, mostWays, type Node, rowHeight } from './diagram-layout.ts';
import { transportRow } from './fixtures.ts';

/** A call of `count`, two transports each, over rooms and workers by turns. */
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

test('as many ports as transports, or one for all', () => {
  const many = layOut(call(5, (n) => `udp ${40000 + n}`));
  expect(many.ports).toHaveLength(10);
  expect(many.ports.every(({ ways }) => ways === 1)).toBe(true);
  const one = layOut(call(5, () => 'udp 443'));
  expect(one.ports).toMatchObject([{ key: 'udp 443', ways: 10 }]);
  expect(one.ways).toHaveLength(10);
});

test('what is of one room lies together, and nothing on top of another', () => {
  const { ways, ports, workers, rooms, height } = layOut(call(6, (n) => `udp ${n % 2}`));
  const order = ways.map(({ room }) => room);
  expect(order.filter((room, i) => room !== order[i - 1])).toHaveLength(rooms.length);
  for (const nodes of [ports, workers, rooms]) {
    expectApart(nodes);
    expect(nodes.at(-1)?.y).toBeLessThan(height);
  }
  for (const [i, { y }] of ways.entries()) {
    expect(y.client).toBe(i * rowHeight + rowHeight / 2);
  }
});

test('the newest only, when there are many', () => {
  const { ways } = layOut(call(50, () => 'udp 443'));
  expect(ways).toHaveLength(mostWays);
  expect(Math.min(...ways.map(({ row }) => row.openedAt))).toBe(100 - mostWays);
});

test('without a client, the first port that it has been told', () => {
  expect(layOut([transportRow({})]).ways[0]?.port).toBe('udp 44444');
  expect(layOut([])).toMatchObject({ ways: [], height: 0 });
});
