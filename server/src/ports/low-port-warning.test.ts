import { expect, test } from 'vitest';
import { lowPortWarning } from './low-port-warning.ts';

const told = (...announced: [string, ...string[]]) => [{ ip: '0.0.0.0', announced }];

test.for([
  ['203.0.113.7', 443],
  ['2001:db8::7', 80],
  ['media.example.org', 443],
  ['192.168.1.7', 1024],
] as const)('nothing is wrong with %s port %i', ([address, port]) => {
  expect(lowPortWarning(told(address), port)).toBeUndefined();
});

test.for(['127.0.0.1', '192.168.1.7', '172.31.0.1', '10.1.2.3', '::1', 'fd00::1', 'fe80::1'])(
  'Chromium takes no 443 at %s',
  (address) => {
    expect(lowPortWarning(told('203.0.113.7', address), 443)).toContain(`such as ${address}:`);
  },
);

test('it takes no other port below 1024 anywhere', () => {
  expect(lowPortWarning(told('203.0.113.7'), 442)).toContain('port 442');
});
