import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { isSameToken, loadOrGenerateToken, readToken } from './operator-token.ts';

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'oneport-token-'));
  onTestFinished(() => rmSync(path, { recursive: true }));
  return path;
}

test('generates a token once, readable by this user only, and leaves no other file', () => {
  const inside = join(folder(), 'new');
  const file = join(inside, 'token');
  const token = loadOrGenerateToken(file);
  expect(token).toMatch(/^[\w-]{32}$/);
  expect(loadOrGenerateToken(file)).toBe(token);
  expect(readToken(file)).toBe(token);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(readdirSync(inside)).toEqual(['token']);
});

test.each([
  ['is not a token', 'too short', 0o600],
  ['others may read', 'a'.repeat(32), 0o644],
  ['others may write', 'a'.repeat(32), 0o622],
])('replaces a file that %s', (_, text, mode) => {
  const file = join(folder(), 'token');
  writeFileSync(file, text);
  chmodSync(file, mode);
  expect(readToken(file)).toBeUndefined();
  const token = loadOrGenerateToken(file);
  expect(token).not.toBe(text);
  expect(readToken(file)).toBe(token);
});

test('does not follow a symbolic link', () => {
  const file = join(folder(), 'token');
  const other = join(folder(), 'other');
  writeFileSync(other, 'a'.repeat(32), { mode: 0o600 });
  symlinkSync(other, file);
  expect(loadOrGenerateToken(file)).not.toBe('a'.repeat(32));
  expect(readToken(other)).toBe('a'.repeat(32));
});

test('generates a token even if it cannot be kept', () => {
  const file = join(folder(), 'file');
  writeFileSync(file, '');
  expect(loadOrGenerateToken(join(file, 'token'))).toMatch(/^[\w-]{32}$/);
});

test.each([
  ['secret', true],
  ['secreT', false],
  ['secret ', false],
  ['', false],
  [undefined, false],
  [['secret'], false],
  ['secret'.repeat(100), false],
])('%j equals the token: %s', (given, right) => {
  expect(isSameToken(given, 'secret')).toBe(right);
});
