import { expect, test } from 'vitest';
import { coveringIp, listenIps } from './addresses.ts';

test('binds each address once, and a wildcard for all addresses of its family', () => {
  expect(listenIps(['127.0.0.1', '127.0.0.2', '127.0.0.1'])).toEqual(['127.0.0.1', '127.0.0.2']);
  expect(listenIps(['127.0.0.1', '::1', '0.0.0.0'])).toEqual(['0.0.0.0', '::1']);
  expect(listenIps(['127.0.0.1', '::', '::1', '0.0.0.0'])).toEqual(['::', '0.0.0.0']);
  expect(listenIps(['::', '127.0.0.1'])).toEqual(['::', '127.0.0.1']);
  expect(listenIps(['::1', '0:0:0:0:0:0:0:1'])).toEqual(['::1']);
});

test('assigns a connection to its address, else to the wildcard of its family', () => {
  expect(coveringIp('127.0.0.1', ['0.0.0.0', '127.0.0.1'])).toBe('127.0.0.1');
  expect(coveringIp('192.0.2.1', ['127.0.0.1', '::', '0.0.0.0'])).toBe('0.0.0.0');
  expect(coveringIp('2001:db8::1', ['0.0.0.0', '::'])).toBe('::');
  expect(coveringIp('2001:db8::1', ['2001:DB8:0:0::1'])).toBe('2001:DB8:0:0::1');
  expect(coveringIp('192.0.2.1', ['127.0.0.1', '::'])).toBeUndefined();
  expect(coveringIp('2001:db8::1', ['0.0.0.0', '::1'])).toBeUndefined();
  expect(coveringIp('127.0.0.1', [])).toBeUndefined();
});
