import { expect, test } from 'vitest';
import { mergeInspections } from '../ports/port-stats.ts';
import type { Inspection, PortEntry, TransportEntry } from '../ports/types.ts';
import { buildRows } from './rows.ts';

const transport: TransportEntry = {
  transportId: 'a',
  roomId: 'room',
  peerId: 'peer',
  direction: 'send',
  ufrag: 'ufrag-a',
  previousUfrag: undefined,
  iceState: 'new',
  times: { opened: 1, stun: undefined, tuple: undefined, dtls: undefined },
};

const port: PortEntry = {
  protocol: 'udp',
  ip: '10.0.0.5',
  port: 443,
  announced: [{ address: '192.0.2.1', port: 8443 }],
  workerIndex: 0,
  workerPid: 1,
  transports: [],
};

const rates = { bytesIn: 100, bytesOut: 10, packetsIn: 2, packetsOut: 1 };

function rowsFor(ports: PortEntry[], inspection?: Inspection) {
  return buildRows({
    map: { mode: 'shared-port', why: '', ports },
    rooms: 0,
    inspection,
    workers: [0, 1].map((index) => ({
      key: String(index),
      index,
      pid: index,
      cpu: null,
      memory: null,
      rooms: 0,
      rates: null,
    })),
    ratesOf: (id) => (id.startsWith('unmeasured') ? undefined : rates),
    displayNameOf: (roomId, peerId) => `${peerId} of ${roomId}`,
  });
}

test('a port number has one row for all its addresses and workers', () => {
  const { ports, workers } = rowsFor([
    { ...port, transports: [transport] },
    {
      ...port,
      ip: '::',
      announced: [{ address: '2001:db8::1', port: 8443 }],
      transports: [transport],
    },
    { ...port, workerIndex: 1, transports: [{ ...transport, transportId: 'b' }] },
  ]);
  expect([...ports.values()]).toMatchObject([
    {
      key: 'udp 443',
      addresses: ['10.0.0.5', '::'],
      announced: ['192.0.2.1:8443', '[2001:db8::1]:8443'],
      workers: [0, 1],
      transports: 2,
      connected: 0,
    },
  ]);
  expect(workers).toMatchObject([
    { transports: 1, ports: ['udp 443'], portCount: 1 },
    { transports: 1, ports: ['udp 443'], portCount: 1 },
  ]);
});

test.each([
  [{}, 'waiting'],
  [{ iceState: 'connected' as const }, 'stun'],
  [{ iceState: 'completed' as const }, 'stun'],
  [{ iceState: 'completed' as const, times: { ...transport.times, dtls: 5 } }, 'tuple'],
  [{ iceState: 'disconnected' as const, times: { ...transport.times, dtls: 5 } }, 'lost'],
])('%j is shown as %s', (change, phase) => {
  const { transports } = rowsFor([{ ...port, transports: [{ ...transport, ...change }] }]);
  expect(transports[0]?.phase).toBe(phase);
});

test('the rates of a port are those of the transports connected there', () => {
  const remote = { address: '203.0.113.7', port: 51234 };
  const reached = { ...transport, iceState: 'connected' as const, remote };
  const { ports } = rowsFor([
    {
      ...port,
      transports: [
        reached,
        { ...reached, transportId: 'b' },
        { ...reached, transportId: 'unmeasured' },
        { ...transport, transportId: 'not connected' },
      ],
    },
    { ...port, port: 444, transports: [{ ...reached, transportId: 'unmeasured too' }] },
    {
      ...port,
      port: 445,
      transports: [{ ...transport, transportId: 'not connected, either' }],
    },
  ]);
  expect(ports.get('udp 443')?.rates).toEqual({
    bytesIn: 200,
    bytesOut: 20,
    packetsIn: 4,
    packetsOut: 2,
  });
  expect(ports.get('udp 444')?.rates).toBeNull();
  const none = { bytesIn: 0, bytesOut: 0, packetsIn: 0, packetsOut: 0 };
  expect(ports.get('udp 445')?.rates).toEqual(none);
});

test('other addresses of a client are listed beside the selected tuple', () => {
  const remote = { address: '203.0.113.7', port: 51234 };
  const tuple = { transportId: 'a', protocol: 'udp' as const, port: 443 };
  const { transports } = rowsFor(
    [{ ...port, transports: [{ ...transport, iceState: 'connected', remote }] }],
    mergeInspections([
      {
        ports: [],
        tuples: [
          { ...tuple, remote },
          { ...tuple, remote: { address: '203.0.113.7', port: 9 } },
          { ...tuple, transportId: 'gone', remote },
        ],
      },
    ]),
  );
  expect(transports).toMatchObject([
    {
      tuple: { port: 'udp 443', address: '203.0.113.7', remotePort: 51234 },
      otherRemotes: ['203.0.113.7:9'],
    },
  ]);
});

test('counts are listed by counting part, and summed over the workers', () => {
  const count = { protocol: 'udp' as const, port: 443 };
  const { ports, counted } = rowsFor(
    [port],
    mergeInspections([
      {
        ports: [
          { ...count, by: 'kernel', handled: { dataSteered: 5 }, dropped: { noWorker: 1 } },
          { ...count, by: 'worker', workerIndex: 0, handled: { packets: 2 }, dropped: { bad: 1 } },
          { ...count, by: 'worker', workerIndex: 1, handled: { packets: 3 }, dropped: { bad: 0 } },
          { ...count, protocol: 'tcp', by: 'tcp-demultiplexer', handled: { ice: 9 }, dropped: {} },
        ],
        tuples: [],
      },
    ]),
  );
  expect(counted).toBe('counted');
  expect(ports.get('udp 443')?.counts).toEqual([
    { by: 'kernel', handled: { dataSteered: 5 }, dropped: { noWorker: 1 } },
    { by: 'workers', handled: { packets: 5 }, dropped: { bad: 1 } },
  ]);
});

test('counts that an unpatched worker does not report are unknown, not zero', () => {
  const unpatched = mergeInspections([{ ports: [], tuples: [] }]);
  const { ports, counted } = rowsFor([port], unpatched);
  expect(counted).toBe('needs-patched-worker');
  expect(ports.get('udp 443')?.counts).toEqual([]);
  expect(rowsFor([port]).counted).toBe('not-known-yet');
});
