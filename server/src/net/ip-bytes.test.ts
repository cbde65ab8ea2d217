import { expect, test } from 'vitest';
import { ipBytes, ipText } from './ip-bytes.ts';

test.for([
  ['203.0.113.7', 'cb007107'],
  ['::', '00000000000000000000000000000000'],
  ['::1', '00000000000000000000000000000001'],
  ['2001:DB8::7', '20010db8000000000000000000000007'],
  ['2001:db8:1:2:3:4:5:6', '20010db8000100020003000400050006'],
  ['fe80::1%lo', 'fe800000000000000000000000000001'],
  ['::ffff:203.0.113.7', '00000000000000000000ffffcb007107'],
  ['1::', '00010000000000000000000000000000'],
])('%s', ([address = '', hex]) => {
  expect(ipBytes(address).toString('hex')).toBe(hex);
});

test.for(['', 'localhost', '1.2.3', '::1::', '[::1]', '1.2.3.4.5'])('%s is none', (text) => {
  expect(() => ipBytes(text)).toThrow(TypeError);
});

test.for(['203.0.113.7', '::', '::1', '2001:db8::7', '2001:db8:1:2:3:4:5:6'])(
  '%s is written as it was read',
  (address) => {
    expect(ipText(ipBytes(address))).toBe(address);
  },
);
