import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, posix, relative } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../../testkit/system/temporary-folder.ts';
import { root } from '../setup/paths.mjs';

/** By rule id, such as SP-1.2, the test files that enforce it, as paths from the root. */
type TestFiles = Record<string, string[]>;

/** Rules of docs/single-port.md: one per heading `### SP-1.2 ...`, with the links of its `Tests:` item. */
function rulesOfPage(): TestFiles {
  const page = readFileSync(join(root, 'docs/single-port.md'), 'utf8');
  const rules = page.split(/^(?=### )/m).slice(1);
  return Object.fromEntries(
    rules.map((section) => {
      const [, id = section] = /^### (SP-\d+\.\d+) /.exec(section) ?? [];
      const [tests = ''] = /^- Tests:(.|\n(?!- |\n))*/m.exec(section) ?? [];
      const links = [...tests.matchAll(/\]\(([^)#]+)\)/g)].map(([, link = '']) => link);
      return [id, links.map((link) => posix.join('docs', link)).sort()];
    }),
  );
}

/** The rules that tests have in their names. vitest collects the names without running anything. */
function rulesInNames(): TestFiles {
  const list = join(temporaryFolder(), 'list.json');
  const vitest = join(root, 'node_modules/vitest/vitest.mjs');
  execFileSync(process.execPath, [vitest, 'list', `--json=${list}`], { cwd: root, stdio: 'pipe' });
  const rules: Record<string, Set<string>> = {};
  for (const test of JSON.parse(readFileSync(list, 'utf8')) as { name: string; file: string }[]) {
    for (const [id] of test.name.matchAll(/\bSP-\d+\.\d+\b/g)) {
      rules[id] = (rules[id] ?? new Set()).add(relative(root, test.file));
    }
  }
  return Object.fromEntries(Object.entries(rules).map(([id, files]) => [id, [...files].sort()]));
}

test('every rule of docs/single-port.md has tests, and lists all of them', () => {
  const rules = rulesOfPage();
  expect(Object.keys(rules).length).toBeGreaterThan(20);
  expect(rulesInNames()).toEqual(rules);
});
