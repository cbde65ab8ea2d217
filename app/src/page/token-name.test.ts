import { expect, test } from 'vitest';
import { nameInToken } from './token-name.ts';

const token = (claims: unknown) =>
  `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.signature`;

test.each([' Ada  Lovelace ', 'Zoë', '李雷', 'Ünïcödé? >>>'])('reads the name %s', (name) => {
  expect(nameInToken(token({ name }))).toBe(name.trim().replace(/ +/g, ' '));
});

test.each([
  ['no token', undefined],
  ['no name', token({ sub: 'ada' })],
  ['a blank name', token({ name: ' ' })],
  ['a name that is no text', token({ name: 7 })],
  ['claims that are no object', token(null)],
  ['a payload that is not base64url', 'a.*.c'],
  ['a payload that is not JSON', 'a.e3.c'],
  ['no payload', 'letmein'],
])('returns undefined for %s', (_, text) => {
  expect(nameInToken(text)).toBeUndefined();
});
