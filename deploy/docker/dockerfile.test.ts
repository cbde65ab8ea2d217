import { validate } from 'dockerfile-utils';
import { expect, test } from 'vitest';
import { readCompose, readDeploy } from '../../testkit/servers/deployed.ts';

const dockerfile = readDeploy('docker/Dockerfile');

/** What dockerfile-utils, which editors check Dockerfiles with, says of one. */
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

test('nothing is wrong with it, and what is wrong would be found', () => {
  expect(complaintsOf(dockerfile)).toEqual([]);
  expect(complaintsOf(dockerfile.replace('EXPOSE', 'EXPOSED'))).toHaveLength(1);
  expect(
    complaintsOf(dockerfile.replace('--start-period=10s', '--start-period=soon')),
  ).toHaveLength(1);
});

test('every image has a version, and none the name of a registry', () => {
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

test('what runs is nobody’s with rights, and told of signals itself', () => {
  const last = dockerfile.slice(dockerfile.lastIndexOf('\nFROM '));
  expect(instructions('USER', last)).toEqual(['node']);
  const [entry = ''] = instructions('ENTRYPOINT', last);
  // By exec form: a shell in between would keep SIGTERM to itself.
  expect(JSON.parse(entry)).toEqual(['/opt/oneport/bin/oneport']);
  expect(last.indexOf('USER ')).toBeLessThan(last.indexOf('ENTRYPOINT'));
});

test('the worker is built again only when what it is made of has changed', () => {
  const stage = dockerfile.slice(0, dockerfile.indexOf('RUN npm run worker'));
  const copied = instructions('COPY', stage).map((line) => line.split(' ').slice(0, -1).join(' '));
  expect(copied.join(' ').split(' ').sort()).toEqual(
    [
      ...['package.json', 'package-lock.json', '.npmrc', 'patches', 'scripts'],
      ...['app/package.json', 'protocol/package.json', 'server/package.json'],
    ].sort(),
  );
});
