import type { types } from 'mediasoup';
import { expect, test } from 'vitest';
import { endpointAt, findEndpoint } from './port-map.ts';
import { announceCandidates, portRangeOf } from './worker-ports.ts';

/** The candidates of mediasoup 3.27 for two listening addresses (WebRtcServer.cpp). */
const fromMediasoup: types.IceCandidate[] = (
  [
    ['udp', '203.0.113.7', 11_000],
    ['udp', '2001:db8::7', 10_900],
    ['tcp', '203.0.113.7', 9_800],
    ['tcp', '2001:db8::7', 9_700],
  ] as const
).map(([protocol, address, localPreference]) => ({
  foundation: `${protocol}candidate`,
  priority: 64 * 2 ** 24 + localPreference * 2 ** 8 + 255,
  address,
  ip: address,
  protocol,
  port: 44444,
  type: 'host',
  ...(protocol === 'tcp' && { tcpType: 'passive' }),
}));

const endpoints = (['udp', 'tcp'] as const).flatMap((protocol) => [
  endpointAt(
    { ip: '0.0.0.0', announced: ['203.0.113.7', 'media.example.org', '10.0.0.5'] },
    { protocol, port: 44444, announcedPort: 30000 },
  ),
  endpointAt(
    { ip: '::', announced: ['2001:db8::7'] },
    { protocol, port: 44444, announcedPort: 30000 },
  ),
]);

const announced = announceCandidates(fromMediasoup, (candidate) =>
  findEndpoint(endpoints, candidate),
);

test('announces each address with the announced port, in order of preference', () => {
  expect(announced.map(({ protocol, address, ip, port }) => [protocol, address, ip, port])).toEqual(
    ['udp', 'tcp'].flatMap((protocol) =>
      ['203.0.113.7', 'media.example.org', '10.0.0.5', '2001:db8::7'].map((address) => [
        protocol,
        address,
        address,
        30000,
      ]),
    ),
  );
  const priorities = announced.map(({ priority }) => priority);
  expect(priorities).toEqual([...new Set(priorities)].sort((a, b) => b - a));
  expect(announced.map(({ tcpType }) => tcpType)).toEqual([
    ...Array(4).fill(undefined),
    ...Array(4).fill('passive'),
  ]);
});

test('changes only the local preference, not type and component', () => {
  for (const { priority } of announced) {
    expect(Math.floor(priority / 2 ** 24)).toBe(64);
    expect(priority % 2 ** 8).toBe(255);
  }
});

test('gives each protocol and address a foundation of its own, of characters that ICE allows', () => {
  const foundations = announced.map(({ foundation }) => foundation);
  expect(new Set(foundations).size).toBe(announced.length);
  for (const foundation of foundations) {
    expect(foundation).toMatch(/^[A-Za-z0-9+/]{1,32}$/);
  }
});

test('throws for a candidate without an endpoint', () => {
  const [first] = fromMediasoup;
  const stray = { ...first, port: 44445 } as types.IceCandidate;
  expect(() => announceCandidates([stray], (one) => findEndpoint(endpoints, one))).toThrow(
    'the worker has no udp port 44445 for 203.0.113.7',
  );
});

test.each([
  [1, [[40000, 40009]]],
  [
    2,
    [
      [40000, 40004],
      [40005, 40009],
    ],
  ],
  [
    3,
    [
      [40000, 40002],
      [40003, 40005],
      [40006, 40009],
    ],
  ],
])('splits ports 40000 to 40009 over %i workers', (numWorkers, expected) => {
  const range = { minPort: 40000, maxPort: 40009 };
  const parts = Array.from({ length: numWorkers }, (_, i) => portRangeOf(range, numWorkers, i));
  expect(parts.map(({ min, max }) => [min, max])).toEqual(expected);
});
