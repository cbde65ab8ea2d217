import { expect, test } from 'vitest';
import { pageUrls } from './listen.ts';

test.each([
  ['127.0.0.1', 3000, false, 'http://localhost:3000/'],
  ['127.0.0.1', 443, true, 'https://localhost/'],
  ['127.0.0.1', 443, false, 'http://localhost:443/'],
  ['2001:db8::7', 8443, true, 'https://[2001:db8::7]:8443/'],
])('the page at %s, port %i, secure %j, has the URL %s', (host, port, secure, url) => {
  expect(pageUrls(host, port, secure)).toEqual([url]);
});

test('a page on all addresses has localhost as its first URL', () => {
  expect(pageUrls('0.0.0.0', 80, false)[0]).toBe('http://localhost/');
});
