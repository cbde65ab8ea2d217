import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { iceServersFor } from './ice-servers.ts';

const turn = { urls: ['turn:turn.example:3478'], secret: 'sixteen characters' };

test('the password is valid for a day, and is the HMAC that OpenSSL computes', () => {
  const [server] = iceServersFor(turn, 'alice', Date.parse('2026-12-01T00:00:00.700Z'));
  expect(server?.urls).toEqual(turn.urls);
  expect(server?.username).toBe(`${Date.parse('2026-12-02T00:00:00Z') / 1000}:alice`);
  const signed = execFileSync('openssl', ['dgst', '-sha1', '-hmac', turn.secret, '-binary'], {
    input: server?.username ?? '',
  });
  expect(server?.credential).toBe(signed.toString('base64'));
});

test('each peer has its own credentials; without a TURN server there are none', () => {
  const credentials = ['alice', 'bob'].map((id) => iceServersFor(turn, id)[0]?.credential);
  expect(new Set(credentials).size).toBe(2);
  expect(iceServersFor(undefined, 'alice')).toEqual([]);
});
