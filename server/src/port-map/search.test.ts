import type { PortRow, TransportRow } from '@oneport/protocol';
import { expect, test } from 'vitest';
import { searchFor } from './search.ts';

const port: PortRow = {
  key: 'udp 44444',
  protocol: 'udp',
  port: 44444,
  addresses: ['10.0.0.5', '::'],
  announced: ['192.0.2.1:443', '[2001:db8::1]:443'],
  workers: [0],
  transports: 1,
  connected: 1,
  rates: null,
  counts: [],
};

const transport: TransportRow = {
  key: '0c6f4d9a-6b1e-4b0e-9d3c-2f5a8b7c6d5e',
  roomId: 'blue-room',
  peerId: '2d6e7c7702fc4686',
  displayName: 'Alice',
  direction: 'send',
  worker: 0,
  ufrag: 'k3jd93jdkd93mdk3',
  previousUfrag: 'zx81zx81zx81zx81',
  ports: [port.key],
  phase: 'tuple',
  openedAt: 0,
  stunAt: 1,
  dtlsAt: 2,
  tuple: { port: port.key, address: '203.0.113.7', remotePort: 51234, since: 1 },
  otherRemotes: ['[2001:db8::7]:50000'],
  rates: null,
};

function finds(text: string): boolean {
  const search = searchFor(text);
  return !search || search.port(port) || search.transport(transport);
}

test.each([
  '',
  '203.0.113.7:51234',
  ' 203.0.113.7:51234 ',
  '203.0.113.7.51234',
  'IN=eth0 SRC=203.0.113.7 DST=10.0.0.5 LEN=148 PROTO=UDP SPT=51234 DPT=44444 LEN=128',
  'SRC=198.51.100.1 DST=203.0.113.7 SPT=9 DPT=51234',
  '12:00:01.5 IP 203.0.113.7.51234 > 10.0.0.5.44444: UDP, length 104',
  'IP6 2001:db8::1.443 > 2001:db8::7.50000: UDP, length 104',
  '443',
  '[2001:db8::7]:50000',
  '[2001:0db8:0:0::7]:50000',
  '203.0.113.7',
  '2001:DB8:0::7',
  '51234',
  '44444',
  '10.0.0.5:44444',
  '192.0.2.1:443',
  '[2001:db8:0::1]:443',
  'k3jd93jdkd93mdk3',
  'k3jd93jdkd93mdk3:theirs',
  'zx81zx81zx81zx81',
  'alice',
  '2d6e7c',
  'blue',
  '0c6f4d9a',
])('finds by %j', (text) => {
  expect(finds(text)).toBe(true);
});

test.each([
  '203.0.113.7:51235',
  '203.0.113.70:51234',
  '203.0.113.7:99999',
  '[2001:db8::70]:50000',
  '203.0.113',
  '203.0.113.70',
  '5123',
  'bob',
  'k3j',
  ':',
  '[',
  'SRC=203.0.113.7',
  // Packets of other clients to and from our port, and between two others.
  'SRC=203.0.113.8 DST=10.0.0.5 SPT=51234 DPT=44444',
  'SRC=10.0.0.5 DST=203.0.113.8 SPT=44444 DPT=51234',
  'SRC=198.51.100.1 DST=198.51.100.2 SPT=51234 DPT=44444',
  'IP 203.0.113.8.51234 > 10.0.0.5.44444: UDP, length 104',
])('does not find by %j', (text) => {
  expect(finds(text)).toBe(false);
});
