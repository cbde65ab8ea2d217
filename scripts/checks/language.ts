/**
 * Finds the habits that CONTRIBUTING's writing rules forbid: in pages, comments, UI text, messages and test names.
 *
 *     node_modules/node/bin/node scripts/checks/language.ts [PATH...]
 *
 * prints the offences below PATH (default: everywhere) and exits with 1 if there are any.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

type Word = [pattern: string, instead: string];

/** Words that prose does without. This list and the next one are the only places to add one. */
const words: Word[] = [
  ['shall', 'must, should, or the present tense'],
  ['anew', 'again'],
  ['whoever|whomever|whosoever|whence|whither|lest', 'a concrete noun, or plain words'],
  ['somebody|nobody', 'a concrete noun: the client, another peer, no transport'],
  ['for ever', 'forever, indefinitely'],
  ['to be had', 'available'],
];

/** Names that were replaced, in code too. */
const names: Word[] = [
  ['#?keepers?', 'placeholder socket'],
  ['tcp[- ]?front\\w*', 'TCP demultiplexer'],
  ['innocents?', 'bystander'],
  ['dealOut', 'assignAnnounced'],
];

/** A relative clause as subject, or as a whole comment: `Who knows it is let in.`, `Where the page is.` */
const opener = /^(?:Who|Whose|What|Where)(?:ver)?(?:'s|’s)? \S+ \S/;
/** `Where the kernel is older, raise the limit.` */
const adverbial = /^Where(?:ver)?\b.*,/;

const skipped =
  /(^|\/)(LICENSE|package-lock\.json)$|\.(o|png|svg|ico|webmanifest|y4m)$|^scripts\/checks\/language/;

/** `line` counts from 1. */
interface Passage {
  line: number;
  text: string;
}

export interface Offence extends Passage {
  instead: string;
}

/**
 * @param path - decides how the text is read: a page, a patch, or source code with comments and strings
 */
export function offencesIn(path: string, text: string): Offence[] {
  const found: Offence[] = [];
  const find = (list: Word[], { line, text }: Passage) => {
    for (const [pattern, instead] of list) {
      if (new RegExp(`(?<![\\w=-])(?:${pattern})(?!\\w)`, 'i').test(text)) {
        found.push({ line, text: text.trim(), instead });
      }
    }
  };
  for (const passage of passagesOf(path, text)) {
    passage.text.split('\n').forEach((part, index) => {
      find(words, { line: passage.line + index, text: part });
    });
    for (const { line, text } of sentencesOf(passage)) {
      if (opener.test(text) && !text.endsWith('?') && !adverbial.test(text)) {
        found.push({ line, text, instead: 'subject, verb, object' });
      }
    }
  }
  text.split('\n').forEach((part, index) => {
    find(names, { line: index + 1, text: part });
  });
  return found.sort((a, b) => a.line - b.line);
}

/** Paragraphs, comments, strings and JSX text, without inline code. */
function* passagesOf(path: string, text: string): Generator<Passage> {
  const [isPage, isPatch] = [path.endsWith('.md'), path.endsWith('.patch')];
  let current: Passage | undefined;
  let isHeader = isPatch;
  for (const [index, whole] of [...text.split('\n'), ''].entries()) {
    isHeader &&= !whole.startsWith('diff --git');
    const own = !isPatch || isHeader ? whole : /^\+(.*)/.exec(whole)?.[1];
    const line = (own ?? '').replace(/`[^`]*`/g, '`');
    const all = isPage || isHeader;
    const comment = /^\s*\{?(?:\/\/|\/\*|\*|#|<!--)(.*)|[;,{})]\s+\/\/ (.*)/.exec(line);
    const prose = (all ? line : (comment?.[1] ?? comment?.[2] ?? ''))
      .replace(/^\s*\*+|\*\/\}?\s*$/g, '')
      .trim();
    // Blank lines, list items, headings, table rows and tags begin a passage of their own.
    if (current && (prose === '' || /^([-*#>|@]|\d+\.)/.test(prose) || comment?.[2])) {
      yield current;
      current = undefined;
    }
    if (current) {
      current.text += `\n${prose}`;
    } else if (prose !== '') {
      current = { line: index + 1, text: prose };
    }
    if (!all && !comment) {
      for (const text of textsIn(own ?? '')) {
        yield { line: index + 1, text: text.replace(/^./, (first) => first.toUpperCase()) };
      }
    }
  }
}

/** Strings, JSX text between tags, and else a line of five words in a row. A string without a space is a name. */
function textsIn(code: string): string[] {
  const last = (pattern: RegExp) =>
    Array.from(code.matchAll(pattern), (match) => match.at(-1) ?? '');
  const strings = last(/(['"`])((?:\\.|(?!\1).)*)\1/g).filter((text) => text.includes(' '));
  const jsx = last(/(?:>|^)\s*([A-Z][^<>{}()=;'"]*)(?:<|$)/g);
  return [...strings, ...(jsx.length > 0 ? jsx : last(/^[^'"=]*(?:[\w’',.-]+ ){5}[^"=]*$/g))];
}

/** Sentences begin with a capital letter; what follows "when" or "i.e. what" is none. */
function* sentencesOf({ line, text }: Passage): Generator<Passage> {
  for (const { 0: part, index } of text.matchAll(/[^|]+?(?:[.!?:;]["”)*]*(?=\s)|\||$)/gs)) {
    const sentence = part.replace(/\s+/g, ' ').replace(/^[^\p{L}]+|[^\p{L}.!?]+$/gu, '');
    if (/^\p{Lu}/u.test(sentence)) {
      const before = text.slice(0, index + (/^[^\p{L}]*/u.exec(part)?.[0].length ?? 0));
      yield { line: line + before.split('\n').length - 1, text: sentence };
    }
  }
}

/** @param root - the repository's; @param paths - below it */
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
