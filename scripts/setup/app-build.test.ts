import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { isolateSetUp, temporaryFolder, write } from '../../testkit/system/temporary-folder.ts';
import { buildApp } from './app-build.mjs';

const node = process.execPath;

// Instead of vite: writes half of the result, dies if there is a file `die`, writes the other half.
const vite = `
const { mkdirSync, writeFileSync, existsSync, appendFileSync } = require('node:fs');
const out = process.argv[process.argv.indexOf('--outDir') + 1];
mkdirSync(out, { recursive: true });
appendFileSync('../builds', 'x');
writeFileSync(out + '/first', 'half');
if (existsSync('../die')) process.kill(process.pid, 'SIGKILL');
writeFileSync(out + '/index.html', 'whole');
`;
const checkout = {
  'package-lock.json': '{}',
  'node_modules/vite/package.json': '{}',
  'node_modules/vite/bin/vite.js': vite,
  'app/main.tsx': 'one',
  'protocol/index.ts': 'one',
  'docs/page.md': 'one',
};

beforeEach(isolateSetUp);

test('builds only when an input has changed', async () => {
  const root = temporaryFolder(checkout);
  const builds = () => readFileSync(join(root, 'builds'), 'utf8').length;
  await buildApp(root, node);
  await buildApp(root, node);
  expect(builds()).toBe(1);
  write(root, { 'app/main.test.tsx': 'a test is no part of the app' });
  await buildApp(root, node);
  expect(builds()).toBe(1);
  write(root, { 'protocol/index.ts': 'two' });
  await buildApp(root, node);
  expect(builds()).toBe(2);
  write(root, { 'package-lock.json': '{ "changed": true }' });
  await buildApp(root, node);
  expect(builds()).toBe(3);
});

test('a killed build leaves the previous one, and the next attempt succeeds', async () => {
  const root = temporaryFolder(checkout);
  const page = join(root, 'app/dist/index.html');
  await buildApp(root, node);
  write(root, { die: '', 'app/main.tsx': 'two', 'app/dist/marker': 'of the first build' });
  await expect(buildApp(root, node)).rejects.toThrow(/vite build was ended by SIGKILL/);
  expect(existsSync(join(root, 'app/dist/marker'))).toBe(true);
  expect(readFileSync(page, 'utf8')).toBe('whole');
  write(root, { 'node_modules/vite/bin/vite.js': vite.replace("'../die'", "'../no'") });
  await buildApp(root, node);
  expect(readFileSync(page, 'utf8')).toBe('whole');
  expect(existsSync(join(root, 'app/dist/marker'))).toBe(false);
  expect(readdirSync(join(root, 'app')).sort()).toEqual(['dist', 'main.tsx']);
});
