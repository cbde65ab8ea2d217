import { posix } from 'node:path';

/** Rule ids in docs/single-port.md and in test names. */
const ruleId = /\bSP-\d+\.\d+\b/g;

/** By rule id, the test files that enforce it, as paths from the root. */
export type TestFiles = Map<string, Set<string>>;

/**
 * Rules of a page: one per heading `### SP-1.2 ...`, with the links of its `Tests:` item.
 *
 * @param markdown - the page's text
 * @param folder - the page's folder, from the root, which its links are relative to
 * @throws Error when an id is defined twice
 */
export function rulesOf(markdown: string, folder: string): TestFiles {
  const rules: TestFiles = new Map();
  for (const section of markdown.split(/^(?=#{1,3} )/m)) {
    const [, id] = /^### (SP-\d+\.\d+) /.exec(section) ?? [];
    if (!id) {
      continue;
    }
    if (rules.has(id)) {
      throw new Error(`${id} is defined twice`);
    }
    const [tests = ''] = /^- Tests:(.|\n(?!- ))*/m.exec(section) ?? [];
    const links = [...tests.matchAll(/\]\(([^)#]+)\)/g)].map(([, link = '']) => link);
    rules.set(id, new Set(links.map((link) => posix.join(folder, link))));
  }
  return rules;
}

/** @param tests - names, with files as paths from the root */
export function rulesInNames(tests: Iterable<{ name: string; file: string }>): TestFiles {
  const rules: TestFiles = new Map();
  for (const { name, file } of tests) {
    for (const [id] of name.matchAll(ruleId)) {
      rules.set(id, (rules.get(id) ?? new Set()).add(file));
    }
  }
  return rules;
}

/** @returns one line per rule without a test, unknown rule, missing or superfluous file in the page's lists */
export function differences(page: TestFiles, tests: TestFiles): string[] {
  const found: string[] = [];
  for (const id of new Set([...page.keys(), ...tests.keys()])) {
    const [listed, named] = [page.get(id), tests.get(id)];
    if (!listed) {
      found.push(`${id} is unknown, but ${[...(named ?? [])].join(', ')} names it`);
    } else if (!named) {
      found.push(`${id} has no test with its id in its name`);
    } else {
      for (const file of without(listed, named)) {
        found.push(`${id}: no test of ${file} names it`);
      }
      for (const file of without(named, listed)) {
        found.push(`${id}: the page does not list ${file}`);
      }
    }
  }
  return found;
}

function without(files: Set<string>, others: Set<string>): string[] {
  return [...files].filter((file) => !others.has(file));
}
