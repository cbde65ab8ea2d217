import type { types } from 'mediasoup';
import { expect, test } from 'vitest';
import { candidatesFor } from './candidates.ts';
import { findListening, listeningAt } from './port-map.ts';

/** What mediasoup 3.27 makes of two listening addresses (WebRtcServer.cpp). */
const mediasoups: types.IceCandidate[] = (
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

const standing = (['udp', 'tcp'] as const).flatMap((protocol) => [
  listeningAt(
    { ip: '0.0.0.0', announced: ['203.0.113.7', 'media.example.org', '10.0.0.5'] },
    { protocol, port: 44444, announcedPort: 30000 },
  ),
  listeningAt(
    { ip: '::', announced: ['2001:db8::7'] },
    { protocol, port: 44444, announcedPort: 30000 },
  ),
]);

const told = candidatesFor(mediasoups, (candidate) => findListening(standing, candidate));

test('peers are told each address, with the port outside, in order of preference', () => {
  expect(told.map(({ protocol, address, ip, port }) => [protocol, address, ip, port])).toEqual(
    ['udp', 'tcp'].flatMap((protocol) =>
      ['203.0.113.7', 'media.example.org', '10.0.0.5', '2001:db8::7'].map((address) => [
        protocol,
        address,
        address,
        30000,
      ]),
    ),
  );
  const priorities = told.map(({ priority }) => priority);
  expect(priorities).toEqual([...new Set(priorities)].sort((a, b) => b - a));
  expect(told.map(({ tcpType }) => tcpType)).toEqual([
    ...Array(4).fill(undefined),
    ...Array(4).fill('passive'),
  ]);
});

test('only the local preference differs: type and component stay as they were', () => {
  for (const { priority } of told) {
    expect(Math.floor(priority / 2 ** 24)).toBe(64);
    expect(priority % 2 ** 8).toBe(255);
  }
});

test('each protocol and address has a foundation of its own, of ICE’s characters', () => {
  const foundations = told.map(({ foundation }) => foundation);
  expect(new Set(foundations).size).toBe(told.length);
  for (const foundation of foundations) {
    expect(foundation).toMatch(/^[A-Za-z0-9+/]{1,32}$/);
  }
});

test('a candidate that nobody listens for is a mistake of ours', () => {
  const [first] = mediasoups;
  const stray = { ...first, port: 44445 } as types.IceCandidate;
  expect(() => candidatesFor([stray], (one) => findListening(standing, one))).toThrow(
    'the worker has no udp port 44445 for 203.0.113.7',
  );
});
