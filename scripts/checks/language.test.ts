import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { languageOffences, offencesIn } from './language.ts';

/** The lines of the offences, and what to write instead. */
function found(path: string, text: string): [line: number, instead: string][] {
  return offencesIn(path, text).map(({ line, instead }) => [line, instead]);
}

const clause = 'subject, verb, object';

test.each([
  ['x.md', 'Clients shall retry.', [[1, expect.stringContaining('must')]]],
  ['x.ts', "log.info({ once: 'yes' }, 'tried anew');", [[1, 'again']]],
  ['x.tsx', '<p>\n  Nobody is here\n</p>', [[2, expect.stringContaining('concrete noun')]]],
  [
    'x.mjs',
    'const help = `\n  token   a token that lets somebody in\n`;',
    [[2, expect.anything()]],
  ],
  ['x.sh', '# the keeper holds the port', [[1, 'placeholder socket']]],
  ['x.ts', 'class TcpFront {}', [[1, 'TCP demultiplexer']]],
  [
    'x.patch',
    'Whoever reads\n\ndiff --git a b\n whoever\n+// anew',
    [
      [1, expect.anything()],
      [5, 'again'],
    ],
  ],
] as const)('finds a word in %s: %j', (path, text, expected) => {
  expect(found(path, text)).toEqual(expected);
});

test.each([
  ['x.md', 'A page.\n\nThe rest\nis as before. Who has no\nsecret is refused.', 4],
  ['x.md', '## What it costs', 1],
  ['x.md', '| limit | reason |\n|---|---|\n| 5 s | What waits longer is reset. |', 3],
  ['x.ts', '  /** Who may come in. */', 1],
  ['x.ts', '/**\n * Counts. Where a\n * page is.\n *\n * @param x - a\n */', 2],
  ['x.ts', 'x(); // What is left is closed.', 1],
  ['x.ts', "test('who is over the limit waits', run);", 1],
  ['x.tsx', '<b>What arrives from the others</b>', 1],
  ['x.yaml', '# Where the proxies are.\na: b', 1],
])('finds a relative clause at the start of a sentence in %s: %j', (path, text, line) => {
  expect(found(path, text)).toEqual([[line, clause]]);
});

test.each([
  ['x.md', 'Who may join? The rules never say `shall`, for marshalls.'],
  ['x.md', 'Where the kernel is older than 5.11, raise the limit.'],
  ['x.md', '| what | who may use it |\n|---|---|\n| a | b |\n\n```ts\nconst whoAmI = 1;\n```'],
  ['x.ts', "const nobody = 65534;\nexpect('RUN_AS_USER=nobody fails').toBe('nobody');"],
  ['x.ts', "const where = 'what';\n/** Tells who is in the room, and where the page is. */"],
  ['x.tsx', '<h2>\n  What should others call you?\n</h2>'],
  ['x.patch', 'A fix.\n\ndiff --git a b\n // Who wrote this is upstream. anew'],
])('finds nothing in %s: %j', (path, text) => {
  expect(found(path, text)).toEqual([]);
});

test('the whole tree follows the writing rules', () => {
  const root = fileURLToPath(new URL('../..', import.meta.url));
  expect(languageOffences(root)).toEqual([]);
});
