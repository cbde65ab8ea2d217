import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { temporaryFolder } from '../../testkit/system/temporary-folder.ts';
import { root } from '../setup/paths.mjs';
import { audit, lockProblems } from './dependencies.ts';

const integrity = `sha512-${'a'.repeat(86)}==`;
const good = { version: '1.0.0', integrity, license: 'MIT' };
const problemsOf = (entry: object) => lockProblems({ packages: { 'node_modules/a': entry } });

test('the packages of oneport can be verified and have accepted licences', () => {
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
  expect(Object.keys(lock.packages).length).toBeGreaterThan(100);
  expect(lockProblems(lock)).toEqual([]);
});

test('rejects packages without a strong integrity, from elsewhere, or with another licence', () => {
  expect(problemsOf(good)).toEqual([]);
  expect(problemsOf({ ...good, license: '(GPL-3.0 OR MIT)' })).toEqual([]);
  for (const [change, problem] of [
    [{ integrity: undefined }, /node_modules\/a@1\.0\.0 has no SHA-512/],
    [{ integrity: 'sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk=' }, /has no SHA-512/],
    [{ resolved: 'git+ssh://git@example.org/a.git' }, /comes from git\+ssh/],
    [{ license: undefined }, /the licence \(none stated\)/],
    [{ license: 'AGPL-3.0' }, /the licence AGPL-3\.0/],
    [{ license: 'MIT AND GPL-3.0' }, /the licence MIT AND GPL-3\.0/],
  ] as const) {
    expect(problemsOf({ ...good, ...change }).join()).toMatch(problem);
  }
});

// npm starts slowly while other tests use all cores.
test('severe vulnerabilities are told from others, and an unanswered audit from none', {
  timeout: 90_000,
}, async () => {
  const packages = {
    '': { name: 'x', version: '1.0.0', dependencies: { bad: '1.0.0', odd: '1.0.0' } },
    'node_modules/bad': good,
    'node_modules/odd': good,
  };
  const folder = temporaryFolder({
    'package.json': JSON.stringify(packages['']),
    'package-lock.json': JSON.stringify({
      name: 'x',
      version: '1.0.0',
      lockfileVersion: 3,
      packages,
    }),
  });
  const advisory = (severity: string) => [
    {
      id: 1,
      url: 'https://advisories.example/1',
      title: 'a hole',
      severity,
      vulnerable_versions: '*',
    },
  ];
  let answer: object | undefined = { bad: advisory('critical') };
  const registry = createServer((request, response) => {
    const found = request.url?.endsWith('/advisories/bulk') ? answer : undefined;
    response.writeHead(found ? 200 : 404, { 'content-type': 'application/json' });
    response.end(JSON.stringify(found ?? {}));
  });
  registry.listen(0, '127.0.0.1');
  await once(registry, 'listening');
  onTestFinished(() => void registry.close());
  const { port } = registry.address() as AddressInfo;
  const env = {
    ...process.env,
    npm_config_registry: `http://127.0.0.1:${port}`,
    npm_config_cache: join(folder, 'cache'),
  };
  expect(await audit(folder, env)).toEqual({
    verdict: 'severe',
    report: expect.stringMatching(/bad .*Severity: critical.*a hole.*advisories\.example/s),
  });
  answer = { odd: advisory('low') };
  expect(await audit(folder, env)).toEqual({
    verdict: 'nothing severe',
    report: expect.stringMatching(/odd .*advisories\.example/s),
  });
  answer = {};
  expect(await audit(folder, env)).toEqual({
    verdict: 'nothing severe',
    report: 'found 0 vulnerabilities',
  });
  answer = undefined;
  expect(await audit(folder, env)).toEqual({
    verdict: 'unanswered',
    report: expect.stringContaining('404'),
  });
});
