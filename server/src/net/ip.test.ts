import { expect, test } from 'vitest';
import { hostAndPort, ipBytes, ipText, isWildcard, networkKeyOf } from './ip.ts';

test.for([
  ['203.0.113.7', 'cb007107'],
  ['::', '00000000000000000000000000000000'],
  ['::1', '00000000000000000000000000000001'],
  ['2001:DB8::7', '20010db8000000000000000000000007'],
  ['2001:db8:1:2:3:4:5:6', '20010db8000100020003000400050006'],
  ['fe80::1%lo', 'fe800000000000000000000000000001'],
  ['::ffff:203.0.113.7', '00000000000000000000ffffcb007107'],
  ['1::', '00010000000000000000000000000000'],
])('reads the bytes of %s', ([address = '', hex]) => {
  expect(ipBytes(address).toString('hex')).toBe(hex);
});

test.for(['', 'localhost', '1.2.3', '::1::', '[::1]', '1.2.3.4.5'])('rejects "%s"', (text) => {
  expect(() => ipBytes(text)).toThrow(TypeError);
});

test.for(['203.0.113.7', '::', '::1', '2001:db8::7', '2001:db8:1:2:3:4:5:6'])(
  'writes %s as it was read',
  (address) => {
    expect(ipText(ipBytes(address))).toBe(address);
  },
);

test.for([
  ['0.0.0.0', true],
  ['::', true],
  ['0:0::0', true],
  ['::1', false],
  ['localhost', false],
] as const)('%s is a wildcard: %s', ([text, expected]) => {
  expect(isWildcard(text)).toBe(expected);
});

test('puts an IPv6 address before a port in brackets', () => {
  expect(hostAndPort('203.0.113.7', 80)).toBe('203.0.113.7:80');
  expect(hostAndPort('2001:db8::7', 80)).toBe('[2001:db8::7]:80');
});

test('counts IPv4 by address and IPv6 by /64', () => {
  expect(networkKeyOf('192.0.2.1')).not.toBe(networkKeyOf('192.0.2.2'));
  expect(networkKeyOf('2001:db8::1')).toBe(networkKeyOf('2001:db8::ffff:1:2:3'));
  expect(networkKeyOf('2001:db8:0:1::1')).not.toBe(networkKeyOf('2001:db8::1'));
  expect(networkKeyOf('::ffff:192.0.2.1')).toBe(networkKeyOf('192.0.2.1'));
  expect(networkKeyOf('fe80::1%eth0')).toBe(networkKeyOf('fe80::2'));
});
