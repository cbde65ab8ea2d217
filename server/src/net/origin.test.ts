import { expect, test } from 'vitest';
import { canonicalOrigin, hostNameIn } from './origin.ts';

test.for([
  ['https://Call.Example', 'https://call.example'],
  ['https://call.example:443', 'https://call.example'],
  ['http://call.example:443', 'http://call.example:443'],
  ['http://call.example:80/', 'http://call.example'],
  ['https://call.example.', 'https://call.example'],
  ['https://call.example.:8443', 'https://call.example:8443'],
  ['HTTPS://bücher.example', 'https://xn--bcher-kva.example'],
  ['http://[2001:DB8::0:1]:3000', 'http://[2001:db8::1]:3000'],
  ['https://*.example', undefined],
  ['https://evil.example@call.example', undefined],
  ['https://call.example/path', undefined],
  ['https://call.example?query', undefined],
  ['ftp://call.example', undefined],
  ['https://call.example:99999', undefined],
  ['null', undefined],
])('the origin %s is %s', ([text = '', origin]) => {
  expect(canonicalOrigin(text)).toBe(origin);
});

test.for([
  ['Call.Example:443', 'call.example'],
  ['call.example.', 'call.example'],
  ['[2001:DB8::1]:3000', '[2001:db8::1]'],
  ['evil.example@localhost', undefined],
  ['localhost/evil', undefined],
  ['', undefined],
])('the name in Host: %s is %s', ([header = '', name]) => {
  expect(hostNameIn(header)).toBe(name);
});
