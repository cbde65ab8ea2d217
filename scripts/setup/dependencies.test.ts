import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { isolateSetUp, temporaryFolder, write } from '../../testkit/system/temporary-folder.ts';
import { installDependencies, reasonToInstall } from './dependencies.mjs';

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
  expect(reasonToInstall(root)).toMatch('not completely');
});

test('notices a package that was deleted from node_modules', async () => {
  const root = temporaryFolder(withPackage());
  await installDependencies(root);
  expect(reasonToInstall(root)).toBeUndefined();
  rmSync(join(root, 'node_modules/a'), { recursive: true });
  expect(reasonToInstall(root)).toMatch('node_modules/a is missing');
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

/** A dependency in the checkout itself, for which npm needs no registry either. */
function withPackage(): Record<string, string> {
  const dependencies = { a: 'file:a' };
  return {
    'package.json': JSON.stringify({ name: 'fixture', version: '1.0.0', dependencies }),
    'package-lock.json': JSON.stringify({
      ...lock,
      packages: {
        '': { name: 'fixture', version: '1.0.0', dependencies },
        a: { version: '1.0.0' },
        'node_modules/a': { resolved: 'a', link: true },
      },
    }),
    'a/package.json': JSON.stringify({ name: 'a', version: '1.0.0' }),
  };
}
