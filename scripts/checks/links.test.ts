import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { deadLinks } from './links.ts';

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

test('a dead link is found, and what is no link is not', () => {
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
