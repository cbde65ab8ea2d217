import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { deadLinks, deadPaths } from './links.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const pages = execFileSync('git', ['ls-files', '-co', '--exclude-standard', '*.md'], {
  cwd: root,
  encoding: 'utf8',
})
  .trim()
  .split('\n');

test.each(pages)('every relative link of %s leads to a file', (page) => {
  const path = join(root, page);
  expect(deadLinks(readFileSync(path, 'utf8'), path)).toEqual([]);
});

test.each(pages)('every path that %s names exists', (page) => {
  expect(deadPaths(readFileSync(join(root, page), 'utf8'), root)).toEqual([]);
});

test('finds dead links, and ignores code', () => {
  const markdown = `
[there](links.ts#top) [outside](https://example.org/x) [below](#y) \`[code](gone.md)\` [gone](gone.md)
![no picture](gone.png)

\`\`\`
[in a listing](gone.md)
\`\`\`
`;
  const here = fileURLToPath(import.meta.url);
  expect(deadLinks(markdown, here)).toEqual(['gone.md', 'gone.png']);
});

test('finds dead paths, written out, shortened or with a wildcard', () => {
  const markdown = `
\`scripts/checks/links.ts\` \`rooms/room.ts\` \`scripts/checks/*.test.ts\` \`links.ts\` \`other/links.ts\`
\`server/src/gone.ts\` \`scripts/checks/*.gone.ts\`
`;
  expect(deadPaths(markdown, root)).toEqual([
    'other/links.ts',
    'server/src/gone.ts',
    'scripts/checks/*.gone.ts',
  ]);
});
