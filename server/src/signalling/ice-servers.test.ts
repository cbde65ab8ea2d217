import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { openAccess } from '../access/access.ts';
import { iceServersFor } from './ice-servers.ts';

const turn = { urls: ['turn:turn.example:3478'], secret: 'sixteen characters' };
const now = Date.parse('2026-12-01T00:00:00.700Z');
const hour = 60 * 60;
/** @param expiresIn - of the token, in seconds */
const usernameOf = (subject: string, expiresIn: number) =>
  iceServersFor(turn, { subject, expiresAt: now + 1000 * expiresIn }, 'peer', now)[0]?.username;

test('the password is valid for a day, and is the HMAC that OpenSSL computes', () => {
  const [server] = iceServersFor(turn, openAccess, 'alice', now);
  expect(server?.urls).toEqual(turn.urls);
  expect(server?.username).toBe(`${Date.parse('2026-12-02T00:00:00Z') / 1000}:alice`);
  const signed = execFileSync('openssl', ['dgst', '-sha1', '-hmac', turn.secret, '-binary'], {
    input: server?.username ?? '',
  });
  expect(server?.credential).toBe(signed.toString('base64'));
});

test('the password expires no later than the token', () => {
  const seconds = Math.floor(now / 1000);
  expect(usernameOf('ada', hour)).toBe(`${seconds + hour}:ada`);
  expect(usernameOf('ada', 48 * hour)).toBe(`${seconds + 24 * hour}:ada`);
});

test('the username has the subject, or its hash where a TURN server may refuse it', () => {
  expect(usernameOf('ada@example.org', hour)).toMatch(/^\d+:ada@example\.org$/);
  const hashed = usernameOf(`o'brien"${'x'.repeat(240)}`, hour);
  expect(hashed).toMatch(/^\d+:[\w-]{43}$/);
  expect(usernameOf("o'brien", hour)).not.toBe(hashed);
});

test('without tokens each peer has its own credentials; without a TURN server there are none', () => {
  const credentials = ['alice', 'bob'].map(
    (id) => iceServersFor(turn, openAccess, id)[0]?.credential,
  );
  expect(new Set(credentials).size).toBe(2);
  expect(iceServersFor(undefined, openAccess, 'alice')).toEqual([]);
});
