import { existsSync, globSync } from 'node:fs';
import { dirname, join } from 'node:path';

/**
 * Relative links and images that lead to no file. Headings (`#...`) are left to e2e/docs.test.ts.
 *
 * @param markdown - the page's text
 * @param path - the page's absolute path
 */
export function deadLinks(markdown: string, path: string): string[] {
  return [
    ...withoutListings(markdown)
      .replace(/`[^`\n]*`/g, '')
      .matchAll(/\]\(([^)\s]+)\)/g),
  ]
    .map(([, target = '']) => target)
    .filter((target) => !/^([a-z]+:|#)/i.test(target))
    .filter((target) => !existsSync(join(dirname(path), target.replace(/#.*$/, ''))));
}

/** Paths of sources may be shortened to these. */
const shortFrom = ['.', 'server/src', 'app/src'];

/** Made by the reader of docs/patching.md. */
const tutorialFile = 'patches/say-hello.test.ts';

/**
 * Paths in code spans, such as `server/src/server.ts` or `rooms/room.ts`, that lead to no file. Names without a folder
 * aren't checked.
 *
 * @param markdown - the page's text
 * @param root - the repository's
 */
export function deadPaths(markdown: string, root: string): string[] {
  return [
    ...withoutListings(markdown).matchAll(/`([\w.*-]+(?:\/[\w.*-]+)+\.(?:ts|tsx|mjs|c|css))`/g),
  ]
    .map(([, path = '']) => path)
    .filter((path) => path !== tutorialFile)
    .filter((path) => shortFrom.every((from) => globSync(join(root, from, path)).length === 0));
}

function withoutListings(markdown: string): string {
  return markdown.replace(/^```.*?^```$/gms, '');
}
