import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { isolateSetUp, temporaryFolder, write } from '../../testkit/system/temporary-folder.ts';
import { installDependencies, isInstalledAsLocked, reasonToInstall } from './dependencies.mjs';

// Without dependencies, npm needs no registry.
const lock = {
  name: 'fixture',
  version: '1.0.0',
  lockfileVersion: 3,
  requires: true,
  packages: { '': { name: 'fixture', version: '1.0.0' } },
};
const checkout = {
  'package.json': JSON.stringify({ name: 'fixture', version: '1.0.0' }),
  'package-lock.json': JSON.stringify(lock),
};

beforeEach(isolateSetUp);

test('installs once, and again when package-lock.json, a package.json or .npmrc changed', async () => {
  const root = temporaryFolder(checkout);
  expect(reasonToInstall(root)).toMatch('no node_modules');
  await installDependencies(root);
  expect(reasonToInstall(root)).toBeUndefined();
  write(root, { '.npmrc': 'fund=false\n' });
  expect(reasonToInstall(root)).toMatch('.npmrc changed');
  await installDependencies(root);
  expect(reasonToInstall(root)).toBeUndefined();
  write(root, { 'package-lock.json': JSON.stringify({ ...lock, version: '1.0.1' }) });
  expect(reasonToInstall(root)).toMatch('package-lock.json');
});

test('an interrupted installation does not count as complete', () => {
  const root = temporaryFolder(checkout);
  mkdirSync(join(root, 'node_modules'));
  expect(reasonToInstall(root)).toMatch('not complete');
  expect(isInstalledAsLocked(root)).toBe(false);
});

test('notices a package that was deleted from node_modules', async () => {
  const root = temporaryFolder(withPackage());
  await installDependencies(root);
  expect(reasonToInstall(root)).toBeUndefined();
  rmSync(join(root, 'node_modules/a'), { recursive: true });
  expect(reasonToInstall(root)).toMatch('node_modules/a is missing');
});

test("accepts the user's own npm install", async () => {
  const root = temporaryFolder(withPackage());
  write(root, { 'node_modules/kept-by-npm-ci': 'no: it deletes all' });
  await installDependencies(root);
  expect(reasonToInstall(root)).toBeUndefined();
  expect(existsSync(join(root, 'node_modules/kept-by-npm-ci'))).toBe(true);
});

test('rejects node_modules with another version than the lock file', () => {
  const root = temporaryFolder(withPackage());
  write(root, { 'node_modules/a/package.json': JSON.stringify({ name: 'a', version: '2.0.0' }) });
  expect(isInstalledAsLocked(root)).toBe(false);
});

test('rejects a package.json that asks for more than the lock file has', () => {
  const root = temporaryFolder(withPackage());
  write(root, {
    'package.json': JSON.stringify({ name: 'fixture', dependencies: { a: '1.0.0', b: '1.0.0' } }),
  });
  expect(isInstalledAsLocked(root)).toBe(false);
});

test('reports a failing npm ci with its log and advice', async () => {
  const root = temporaryFolder({
    ...checkout,
    'package.json': JSON.stringify({ name: 'fixture', dependencies: { a: '1.0.0' } }),
  });
  await expect(installDependencies(root)).rejects.toThrow(
    /npm ci failed[\s\S]*The whole log[\s\S]*npm install/,
  );
  expect(reasonToInstall(root)).toBeDefined();
});

function withPackage(): Record<string, string> {
  const a = { version: '1.0.0', integrity: 'sha512-of-a' };
  const dependencies = { a: '1.0.0' };
  return {
    'package.json': JSON.stringify({ name: 'fixture', dependencies }),
    'package-lock.json': JSON.stringify({
      ...lock,
      packages: { '': { name: 'fixture', dependencies }, 'node_modules/a': a },
    }),
    'node_modules/.package-lock.json': JSON.stringify({ packages: { 'node_modules/a': a } }),
    'node_modules/a/package.json': JSON.stringify({ name: 'a', version: '1.0.0' }),
  };
}
