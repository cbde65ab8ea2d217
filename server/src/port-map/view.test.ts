import { type PortRow, portMapLimits, type TransportRow } from '@oneport/protocol';
import { expect, test } from 'vitest';
import type { Rows } from './rows.ts';
import { SentView, type View, viewOf } from './view.ts';

/** As in multi-port: one port per transport. */
function rows(count: number): Rows {
  const numbers = Array.from({ length: count }, (_, n) => n);
  const key = (n: number) => `udp ${40000 + n}`;
  return {
    mode: 'multi-port',
    why: 'because',
    rooms: count,
    counted: 'not-counted',
    workers: [],
    ports: new Map(numbers.map((n) => [key(n), port(key(n), 40000 + n)])),
    transports: numbers.map((n) => transport(n, key(n))).reverse(),
  };
}

function port(key: string, number: number): PortRow {
  return {
    key,
    protocol: 'udp',
    port: number,
    addresses: ['127.0.0.1'],
    announced: [`127.0.0.1:${number}`],
    workers: [0],
    transports: 1,
    connected: 0,
    rates: null,
    counts: [],
  };
}

function transport(n: number, key: string): TransportRow {
  return {
    key: `transport-${n}`,
    roomId: `room-${n}`,
    peerId: `peer-${n}`,
    displayName: null,
    direction: 'send',
    worker: 0,
    ufrag: `ufrag-of-${n}`,
    previousUfrag: null,
    ports: [key],
    phase: 'waiting',
    openedAt: n,
    stunAt: null,
    dtlsAt: null,
    tuple: null,
    otherRemotes: [],
    rates: null,
  };
}

const everything = { search: '', port: null };

test('shows the newest transports and their ports', () => {
  const { facts, transports, ports } = viewOf(rows(5000), everything);
  expect(facts).toMatchObject({ transports: 5000, ports: 5000, matches: 5000 });
  expect(transports).toHaveLength(portMapLimits.transports);
  expect(transports[0]?.key).toBe('transport-4999');
  expect(ports).toHaveLength(portMapLimits.ports);
  expect(ports.map(({ key }) => key)).toContain('udp 44999');
});

test('counts the port numbers that transports use, and those that are open', () => {
  const some = rows(2);
  const others = [1, 0, 0].flatMap((transports, n) =>
    (['udp', 'tcp'] as const).map((protocol) => {
      const key = `${protocol} ${44444 + n}`;
      return [key, { ...port(key, 44444 + n), protocol, transports }] as const;
    }),
  );
  some.ports = new Map([...some.ports, ...others]);
  expect(viewOf(some, everything).facts).toMatchObject({
    ports: 8,
    portNumbers: 5,
    usedPortNumbers: 3,
  });
});

test('searches in all transports, not only in the shown ones', () => {
  const { facts, transports, ports } = viewOf(rows(5000), { search: 'peer-17', port: null });
  // peer-17, peer-170 to 179, peer-1700 to 1799.
  expect(facts.matches).toBe(111);
  expect(transports).toHaveLength(100);
  const one = viewOf(rows(5000), { search: 'ufrag-of-17', port: 'udp 40017' });
  expect(one.transports.map(({ key }) => key)).toEqual(['transport-17']);
  expect(one.ports[0]?.key).toBe('udp 40017');
  expect(ports).toHaveLength(100);
});

test('sends new and changed rows, and the keys of removed ones', () => {
  const sent = new SentView();
  const first = viewOf(rows(3), everything);
  expect(sent.update(first, 1)).toEqual({
    at: 1,
    facts: first.facts,
    ports: { set: first.ports, gone: [] },
    transports: { set: first.transports, gone: [] },
  });
  expect(sent.update(viewOf(rows(3), everything), 2)).toBeUndefined();

  const [newest, ...others] = first.transports as [TransportRow, ...TransportRow[]];
  const changed = { ...newest, phase: 'stun' as const };
  const next: View = { ...first, transports: [changed, ...others.slice(1)] };
  expect(sent.update(next, 3)).toEqual({
    at: 3,
    transports: { set: [changed], gone: [others[0]?.key] },
  });
  expect(sent.update(first, 4)).toEqual({
    at: 4,
    transports: { set: [newest, others[0]], gone: [] },
  });
});
