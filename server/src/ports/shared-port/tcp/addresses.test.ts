import { expect, test } from 'vitest';
import { coveringIp, listenIps, remoteKeyOf } from './addresses.ts';

test('listens once for each address, and once for all that a wildcard covers', () => {
  expect(listenIps(['127.0.0.1', '127.0.0.2', '127.0.0.1'])).toEqual(['127.0.0.1', '127.0.0.2']);
  expect(listenIps(['127.0.0.1', '::1', '0.0.0.0'])).toEqual(['0.0.0.0', '::1']);
  expect(listenIps(['127.0.0.1', '::', '::1', '0.0.0.0'])).toEqual(['::', '0.0.0.0']);
  expect(listenIps(['::', '127.0.0.1'])).toEqual(['::', '127.0.0.1']);
  expect(listenIps(['::1', '0:0:0:0:0:0:0:1'])).toEqual(['::1']);
});

test('a connection belongs to its address, else to the wildcard of its family, else to none', () => {
  expect(coveringIp('127.0.0.1', ['0.0.0.0', '127.0.0.1'])).toBe('127.0.0.1');
  expect(coveringIp('192.0.2.1', ['127.0.0.1', '::', '0.0.0.0'])).toBe('0.0.0.0');
  expect(coveringIp('2001:db8::1', ['0.0.0.0', '::'])).toBe('::');
  expect(coveringIp('2001:db8::1', ['2001:DB8:0:0::1'])).toBe('2001:DB8:0:0::1');
  expect(coveringIp('192.0.2.1', ['127.0.0.1', '::'])).toBeUndefined();
  expect(coveringIp('2001:db8::1', ['0.0.0.0', '::1'])).toBeUndefined();
  expect(coveringIp('127.0.0.1', [])).toBeUndefined();
});

test('limits hold for an IPv4 address, and for an IPv6 network of /64', () => {
  expect(remoteKeyOf('192.0.2.1')).not.toBe(remoteKeyOf('192.0.2.2'));
  expect(remoteKeyOf('2001:db8::1')).toBe(remoteKeyOf('2001:db8::ffff:1:2:3'));
  expect(remoteKeyOf('2001:db8:0:1::1')).not.toBe(remoteKeyOf('2001:db8::1'));
  expect(remoteKeyOf('::ffff:192.0.2.1')).toBe(remoteKeyOf('192.0.2.1'));
  expect(remoteKeyOf('fe80::1%eth0')).toBe(remoteKeyOf('fe80::2'));
});
