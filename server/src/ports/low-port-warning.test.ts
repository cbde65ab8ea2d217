import { expect, test } from 'vitest';
import { lowPortWarning } from './low-port-warning.ts';

const announce = (...announced: [string, ...string[]]) => [{ ip: '0.0.0.0', announced }];

test.for([
  ['203.0.113.7', 443],
  ['2001:db8::7', 80],
  ['media.example.org', 443],
  ['192.168.1.7', 1024],
] as const)('does not warn about %s port %i', ([address, port]) => {
  expect(lowPortWarning(announce(address), port)).toBeUndefined();
});

test.for(['127.0.0.1', '192.168.1.7', '172.31.0.1', '10.1.2.3', '::1', 'fd00::1', 'fe80::1'])(
  'warns that Chromium ignores port 443 at %s',
  (address) => {
    expect(lowPortWarning(announce('203.0.113.7', address), 443)).toContain(`such as ${address}:`);
  },
);

test('warns about any other port below 1024', () => {
  expect(lowPortWarning(announce('203.0.113.7'), 442)).toContain('port 442');
});
