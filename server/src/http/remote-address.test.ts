import type { IncomingMessage } from 'node:http';
import { expect, test } from 'vitest';
import type { TrustedProxies } from '../config/schemas.ts';
import { remoteAddressOf } from './remote-address.ts';

const seen = (trusted: TrustedProxies, forwarded: string | undefined, from = '127.0.0.1') =>
  remoteAddressOf(trusted)({
    socket: { remoteAddress: from },
    headers: { 'x-forwarded-for': forwarded },
  } as unknown as IncomingMessage);

test.for([
  ['203.0.113.7', '203.0.113.7'],
  ['203.0.113.7:1234', '203.0.113.7'],
  ['[2001:db8::7]:1234', '2001:db8::7'],
  ['[2001:db8::7]', '2001:db8::7'],
  ['2001:db8::7', '2001:db8::7'],
  ['198.51.100.1, 203.0.113.7:1234', '203.0.113.7'],
  ['198.51.100.1, 127.0.0.2:1234', '198.51.100.1'],
  ['unknown', '127.0.0.1'],
  ['203.0.113.7, unknown', '127.0.0.1'],
  [undefined, '127.0.0.1'],
])('X-Forwarded-For: %s of a trusted proxy is a client at %s', ([forwarded, address]) => {
  expect(seen(['loopback'], forwarded)).toBe(address);
});

test('an address that is not trusted is the client, whatever it forwards', () => {
  expect(seen(['loopback'], '203.0.113.7', '198.51.100.1')).toBe('198.51.100.1');
  expect(seen([], '203.0.113.7')).toBe('127.0.0.1');
});

test('a number of proxies counts from the right', () => {
  expect(seen(1, '198.51.100.1, 203.0.113.7:1234')).toBe('203.0.113.7');
  expect(seen(2, '198.51.100.1, 203.0.113.7:1234')).toBe('198.51.100.1');
  expect(seen(9, '198.51.100.1')).toBe('198.51.100.1');
});
