import { spawnSync } from 'node:child_process';
import { cpSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { validate } from 'dockerfile-utils';
import { expect, test } from 'vitest';
import { root } from '../../scripts/setup/paths.mjs';
import { readCompose, readDeploy } from '../../testkit/servers/deployed.ts';
import { temporaryFolder } from '../../testkit/system/temporary-folder.ts';

const dockerfile = readDeploy('docker/Dockerfile');

/** Complaints of dockerfile-utils, which editors use to check Dockerfiles. */
function complaintsOf(text: string): string[] {
  return validate(text).map(({ range, message }) => `line ${range.start.line + 1}: ${message}`);
}

/** Instructions, each on one line. */
function instructions(name: string, text = dockerfile): string[] {
  const lines = text.replaceAll('\\\n', ' ').split('\n');
  return lines
    .filter((line) => line.startsWith(`${name} `))
    .map((line) => line.slice(name.length + 1));
}

test('passes dockerfile-utils, which finds planted mistakes', () => {
  expect(complaintsOf(dockerfile)).toEqual([]);
  expect(complaintsOf(dockerfile.replace('EXPOSE', 'EXPOSED'))).toHaveLength(1);
  expect(
    complaintsOf(dockerfile.replace('--start-period=10s', '--start-period=soon')),
  ).toHaveLength(1);
});

test('every image has a version, and none names a registry', () => {
  const stages = instructions('FROM').map((line) => line.split(' '));
  const names = stages.map(([, , name]) => name);
  for (const [image = ''] of stages) {
    if (names.includes(image)) {
      continue;
    }
    expect(image).toMatch(/^[a-z]+:\d[\w.-]*$/);
  }
  expect(stages.at(-1)?.[0]).toMatch(/-slim$/);
  for (const { image } of Object.values(readCompose().services)) {
    expect(image).toMatch(/^oneport$|^[a-z]+:\d+$/);
  }
});

test('the server runs without privileges, and receives signals itself', () => {
  const last = dockerfile.slice(dockerfile.lastIndexOf('\nFROM '));
  expect(instructions('USER', last)).toEqual(['node']);
  const [entry = ''] = instructions('ENTRYPOINT', last);
  // The exec form: a shell in between would not forward SIGTERM.
  expect(JSON.parse(entry)).toEqual(['/opt/oneport/bin/oneport']);
  expect(last.indexOf('USER ')).toBeLessThan(last.indexOf('ENTRYPOINT'));
});

/** The sources in the worker's stage, relative to the checkout. */
function copiedToWorkerStage(): string[] {
  const stage = dockerfile.slice(0, dockerfile.indexOf('RUN npm run worker'));
  return instructions('COPY', stage).flatMap((line) => line.split(' ').slice(0, -1));
}

test('the worker is rebuilt only when its inputs have changed', () => {
  expect(copiedToWorkerStage().sort()).toEqual(
    [
      ...['package.json', 'package-lock.json', '.npmrc', 'patches', 'scripts'],
      ...['app', 'protocol', 'server', 'testkit'].map((folder) => `${folder}/package.json`),
    ].sort(),
  );
});

test('the worker is built without any other source', () => {
  const stage = temporaryFolder();
  for (const source of copiedToWorkerStage()) {
    cpSync(join(root, source), join(stage, source), { recursive: true });
  }
  symlinkSync(join(root, 'node_modules'), join(stage, 'node_modules'));
  const { status, stderr } = spawnSync(
    process.execPath,
    [join(stage, 'scripts/worker/main.ts'), '--help'],
    { encoding: 'utf8', cwd: stage },
  );
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
});
