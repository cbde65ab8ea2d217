import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { knownHosts } from './known-hosts.ts';

test.each([
  ['localhost:3000', true],
  ['LOCALHOST', true],
  ['one.localhost', true],
  ['127.0.0.1:3000', true],
  ['[::1]:3000', true],
  ['203.0.113.7', true],
  ['call.example:8443', true],
  ['Call.Example.', true],
  [hostname(), true],
  ['evil.example', false],
  ['call.example.evil.example', false],
  ['localhost.evil.example', false],
  ['127.0.0.1.evil.example', false],
  ['evil.example@localhost', false],
  ['', false],
  [undefined, false],
])('Host: %s is known: %s', (host, known) => {
  expect(knownHosts(['https://call.example'])(host)).toBe(known);
});

test('the names of the certificate are known', () => {
  const folder = mkdtempSync(join(tmpdir(), 'oneport-hosts-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
  execFileSync(
    'openssl',
    ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'].concat([
      ...['-subj', '/CN=x', '-addext', 'subjectAltName=DNS:*.meet.example'],
      ...['-keyout', key, '-out', cert],
    ]),
    { stdio: 'ignore' },
  );
  const x509 = new X509Certificate(readFileSync(cert));
  const isKnown = knownHosts([], () => x509);
  expect(isKnown('blue.meet.example')).toBe(true);
  expect(isKnown('meet.example')).toBe(false);
});
