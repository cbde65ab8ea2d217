import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

/** What a file of ours needs beside it: imports by a relative path, and `new URL('…', import.meta.url)`. */
const needed = /(?:from |import |import\()'(\.[^']+)'|new URL\('([^']+)', import\.meta\.url\)/g;

/**
 * The files and folders of ours that a program needs, so that no test and no tool is delivered with it.
 *
 * @param root - The checkout.
 * @param entries - What is started or imported by a package's name; relative to it.
 * @returns Paths relative to the checkout; what isn't source itself, such as a built app, by its name alone.
 * @throws Error when one that is needed isn't there.
 */
export function sourceFiles(root: string, entries: readonly string[]): string[] {
  const found = new Set(entries);

  for (const file of found) {
    if (!existsSync(join(root, file))) {
      throw new Error(`${file} is needed and isn't there`);
    }
    if (!/\.m?[jt]s$/.test(file)) {
      continue;
    }

    const text = readFileSync(join(root, file), 'utf8');

    for (const [, imported, beside] of text.matchAll(needed)) {
      found.add(relative(root, join(root, dirname(file), imported ?? beside ?? '')));
    }
  }

  return [...found];
}
