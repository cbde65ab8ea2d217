/**
 * Finds the habits that CONTRIBUTING's writing rules forbid in prose: pages, comments, UI text, messages, test names.
 *
 *     node_modules/node/bin/node scripts/checks/language.ts [PATH...]
 *
 * prints the offenders in files below PATH (default: everywhere) and exits with 1 if there are any.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Words and names that are replaced on sight, and by what. This list is the only place to add one. */
const words: [pattern: string, instead: string][] = [
  ['shall', 'must, should, or the present tense'],
  ['anew', 'again'],
  ['whoever|whomever|whosoever|whence|whither|lest', 'a concrete noun, or plain words'],
  ['somebody|nobody', 'a concrete noun: the client, another peer, no transport'],
  ['for ever', 'forever, indefinitely'],
  ['to be had', 'available'],
  ['keepers?', 'placeholder socket'],
  ['tcp[- ]?front', 'TCP demultiplexer'],
  ['innocents?', 'bystander'],
  ['dealOut', 'assignAnnounced'],
];

const wordList = words.map(([pattern, instead]) => {
  return { pattern: new RegExp(`(?<![\\w-])(?:${pattern})(?!\\w)`, 'i'), instead };
});

/** A relative clause as subject, or as a whole comment: `Who knows it is let in.`, `Where the page is.` */
const opener = /^(?:who|whose|what|where)(?:ver)?(?:'s|’s)? \S+ \S/i;

const skipped =
  /(^|\/)(LICENSE|package-lock\.json)$|\.(o|png|svg|ico|webmanifest|y4m)$|^scripts\/checks\/language/;

/** One offence: `line` counts from 1. */
export interface Offence {
  line: number;
  text: string;
  instead: string;
}

/**
 * @param path - decides how the text is read: a Markdown page, a patch, or source code with comments and strings
 * @param text - the whole file
 */
export function offencesIn(path: string, text: string): Offence[] {
  const lines = proseLines(path, text);
  const found: Offence[] = [];
  lines.forEach((line, index) => {
    for (const { pattern, instead } of wordList) {
      if (pattern.test(line)) {
        found.push({ line: index + 1, text: line.trim(), instead });
      }
    }
  });
  for (const { line, sentence } of sentences(lines, path.endsWith('.md'))) {
    const adverbial = /^where(ver)?\b.*,/i.test(sentence);
    if (opener.test(sentence) && !sentence.endsWith('?') && !adverbial) {
      found.push({ line, text: sentence, instead: 'subject, verb, object' });
    }
  }
  return found.sort((a, b) => a.line - b.line);
}

/** The file's lines, those that aren't ours blanked: inline code of pages, what a patch only quotes. */
function proseLines(path: string, text: string): string[] {
  if (path.endsWith('.md')) {
    return text.split('\n').map((line) => line.replace(/`[^`]*`/g, '`'));
  }
  if (!path.endsWith('.patch')) {
    return text.split('\n');
  }
  let header = true;
  return text.split('\n').map((line) => {
    header &&= !line.startsWith('diff --git');
    return header ? line : line.startsWith('+') ? line.slice(1) : '';
  });
}

/** Sentences of paragraphs or comments, which may go over several lines, and strings, each with its first line. */
function* sentences(lines: string[], page: boolean): Generator<{ line: number; sentence: string }> {
  let passage = '';
  let start = 0;
  for (const [index, line] of [...lines, ''].entries()) {
    const comment = page
      ? [line]
      : /^\s*\{?(\/\/|\/\*|\*|#|<!--)(.*)|[;,{})]\s+\/\/ (.*)/.exec(line);
    const prose = (page ? line : (comment?.[2] ?? comment?.[3] ?? ''))
      .replace(/^\s*\*|\*\/\}?\s*$/g, '')
      .trim();
    // Blank lines, list items, headings, table rows and tags begin a passage of their own.
    if (prose === '' || /^([-*#>|@]|\d+\.)/.test(prose) || comment?.[3]) {
      yield* split(passage, start);
      passage = '';
    }
    if (passage === '') {
      start = index + 1;
    }
    passage += `${prose}\n`;
    if (!comment) {
      for (const [, , string = ''] of line.matchAll(/(['"`])((?:\\.|(?!\1).)*)\1/g)) {
        yield { line: index + 1, sentence: string };
      }
      // JSX text: words between tags, or on a line of their own.
      for (const [, string = ''] of line.matchAll(/(?:>|^)\s*([A-Z][^<>{}()=;]*)(?:<|$)/g)) {
        yield { line: index + 1, sentence: string.trim() };
      }
    }
  }
  yield* split(passage, start);
}

/** @param start - the line that the passage begins in */
function* split(passage: string, start: number): Generator<{ line: number; sentence: string }> {
  for (const { 0: text, index } of passage.matchAll(/[^|]+?(?:[.!?:;]["”)*]*(?=\s)|\||$)/gs)) {
    const sentence = text.replace(/\s+/g, ' ').replace(/^[^\p{L}]+|[^\p{L}.!?]+$/gu, '');
    // Only a capital letter begins a sentence of prose: "when", "i.e. what" and table heads don't.
    if (/^\p{Lu}/u.test(sentence)) {
      const before = passage.slice(0, index + (/^[^\p{L}]*/u.exec(text)?.[0].length ?? 0));
      yield { line: start + before.split('\n').length - 1, sentence };
    }
  }
}

/** @param root - the repository's */
export function languageOffences(root: string, paths: string[] = []): string[] {
  const list = ['ls-files', '-z', '-co', '--exclude-standard', '--', ...paths];
  const files = execFileSync('git', list, { cwd: root, encoding: 'utf8' }).split('\0');
  return files
    .filter((file) => file !== '' && !skipped.test(file))
    .flatMap((file) =>
      offencesIn(file, readFileSync(join(root, file), 'utf8')).map(
        ({ line, text, instead }) => `${file}:${line}: ${text}  [${instead}]`,
      ),
    );
}

if (import.meta.main) {
  const root = fileURLToPath(new URL('../..', import.meta.url));
  const found = languageOffences(root, process.argv.slice(2));
  console.log([...found, `${found.length} offences`].join('\n'));
  process.exitCode = found.length > 0 ? 1 : 0;
}
