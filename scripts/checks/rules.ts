import { posix } from 'node:path';

/** A rule's id, as docs/single-port.md and the names of tests have it. */
const ruleId = /\bSP-\d+\.\d+\b/g;

/** Which files hold each rule, as paths from the root. */
export type Holders = Map<string, Set<string>>;

/**
 * Reads the rules out of a page: a heading `### SP-1.2 ...` each, and the links of its `Tests:` item.
 *
 * @param markdown - the page's text
 * @param folder - where the page is, from the root: its links are relative to it
 * @throws when an id stands twice
 */
export function rulesOf(markdown: string, folder: string): Holders {
  const rules: Holders = new Map();
  for (const section of markdown.split(/^(?=#{1,3} )/m)) {
    const [, id] = /^### (SP-\d+\.\d+) /.exec(section) ?? [];
    if (!id) {
      continue;
    }
    if (rules.has(id)) {
      throw new Error(`${id} stands twice`);
    }
    const [tests = ''] = /^- Tests:(.|\n(?!- ))*/m.exec(section) ?? [];
    const links = [...tests.matchAll(/\]\(([^)#]+)\)/g)].map(([, link = '']) => link);
    rules.set(id, new Set(links.map((link) => posix.join(folder, link))));
  }
  return rules;
}

/**
 * Reads the rules out of the names of tests.
 *
 * @param tests - each test's name and file, from the root
 */
export function rulesInNames(tests: Iterable<{ name: string; file: string }>): Holders {
  const rules: Holders = new Map();
  for (const { name, file } of tests) {
    for (const [id] of name.matchAll(ruleId)) {
      rules.set(id, (rules.get(id) ?? new Set()).add(file));
    }
  }
  return rules;
}

/**
 * What is wrong: a rule without a test, a test of no rule, a page that lists other files than there are.
 *
 * @returns one line each; none when page and tests agree
 */
export function differences(page: Holders, tests: Holders): string[] {
  const found: string[] = [];
  for (const id of new Set([...page.keys(), ...tests.keys()])) {
    const [listed, named] = [page.get(id), tests.get(id)];
    if (!listed) {
      found.push(`${id} is no rule, but ${[...(named ?? [])].join(', ')} names it`);
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
