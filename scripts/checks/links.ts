import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/**
 * The relative links and images of a page that lead to no file. Headings (`#...`) are not looked at: the browser's
 * test does that.
 *
 * @param markdown - the page's text
 * @param path - where the page is
 */
export function deadLinks(markdown: string, path: string): string[] {
  const prose = markdown.replace(/^```.*?^```$/gms, '').replace(/`[^`\n]*`/g, '');
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target = '']) => target)
    .filter((target) => !/^([a-z]+:|#)/i.test(target))
    .filter((target) => !existsSync(join(dirname(path), target.replace(/#.*$/, ''))));
}
