import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { differences, rulesInNames, rulesOf } from './rules.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** All test names, collected by vitest without running anything. */
function allTests(): { name: string; file: string }[] {
  const folder = mkdtempSync(join(tmpdir(), 'oneport-tests-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const list = join(folder, 'list.json');
  const vitest = join(root, 'node_modules/vitest/vitest.mjs');
  execFileSync(process.execPath, [vitest, 'list', `--json=${list}`], { cwd: root, stdio: 'pipe' });
  const tests = JSON.parse(readFileSync(list, 'utf8')) as { name: string; file: string }[];
  return tests.map(({ name, file }) => ({ name, file: relative(root, file) }));
}

const page = readFileSync(join(root, 'docs/single-port.md'), 'utf8');

test('the lists of tests in docs/single-port.md are complete and correct', () => {
  const rules = rulesOf(page, 'docs');
  expect(rules.size).toBe(page.match(/^### /gm)?.length);
  expect(differences(rules, rulesInNames(allTests()))).toEqual([]);
});

test('reports rules without tests, unknown rules, and wrong lists', () => {
  const markdown = `
### SP${'-'}1.1 Held

- Source: somewhere
- Tests: [a](../a.test.ts),
  [b](../b.test.ts)
- shared-port: as in [c](../c.md)

### SP${'-'}1.2 Not held

- Tests: [a](../a.test.ts)
`;
  const name = (id: string) => `SP-${id}: does`;
  const tests = [
    { name: name('1.1'), file: 'a.test.ts' },
    { name: name('1.1'), file: 'd.test.ts' },
    { name: `${name('1.1')}, ${name('9.9')}`, file: 'd.test.ts' },
    { name: 'nothing of the kind', file: 'e.test.ts' },
  ];
  expect(differences(rulesOf(markdown, 'docs'), rulesInNames(tests))).toEqual([
    'SP-1.1: no test of b.test.ts names it',
    'SP-1.1: the page does not list d.test.ts',
    'SP-1.2 has no test with its id in its name',
    'SP-9.9 is unknown, but d.test.ts names it',
  ]);
  expect(() => rulesOf(markdown + markdown, 'docs')).toThrow('SP-1.1 is defined twice');
});
