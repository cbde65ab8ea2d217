import { isUtf8 } from 'node:buffer';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SetUpError } from '../setup/set-up-error.mjs';
import { readSeries } from '../worker/inputs.ts';

/** The fields of a patch's header, in order. */
export const headerFields = ['Why', 'Upstream', 'Tested by', 'Can go when', 'Needs'] as const;

export type HeaderField = (typeof headerFields)[number];

/** A patch: a file of patches/, or a commit whose message is `subject`, `body` and the trailer `Patch: name`. */
export interface Patch {
  /** The file's name without `.patch`. */
  readonly name: string;
  /** `Name <address>`. */
  readonly author: string;
  readonly subject: string;
  /** The header, then trailers such as Signed-off-by, if there are any. */
  readonly body: string;
  /** From the first `diff --git` on, one character per byte (latin1): source files need not be UTF-8. */
  readonly diff: string;
}

/** What is wrong with a patch. `line` counts from 1. */
export interface Complaint {
  readonly line: number;
  readonly what: string;
}

const placeholder = 'TODO';
const trailer = /^[A-Za-z][A-Za-z-]*: \S/;

/** @returns the folder of patches of a checkout */
export function patchesFolder(root: string): string {
  const folder = join(root, 'patches');
  if (!existsSync(join(folder, 'series'))) {
    throw new SetUpError(`${folder} has no file \`series\``);
  }
  return folder;
}

/** @returns the patches that the folder's `series` lists, in order */
export function readPatches(folder: string): Patch[] {
  return readSeries(folder).map(({ name, path }) => parsePatch(name, readFileSync(path), path));
}

/**
 * @param name - the file's name, with or without `.patch`
 * @param file - the path for messages
 * @throws SetUpError if it is not in our format, or its header is not UTF-8
 */
export function parsePatch(name: string, content: Buffer, file: string): Patch {
  const end = content.indexOf('\n---\n');
  const head = decode(content.subarray(0, Math.max(end, 0)), file);
  const [, author, subject, body] =
    head.match(/^From: (.+ <[^>\n]*>)\nSubject: \[PATCH\] (.+)\n\n([\s\S]+)$/) ?? [];
  if (!author || !subject || !body) {
    throw new SetUpError(
      content.includes('\r\n---\r\n')
        ? `${file} has CRLF line ends. Patches need LF: set core.autocrlf to false and check the file out again.`
        : `${file} does not begin with \`From:\`, \`Subject: [PATCH]\`, an empty line, a header and \`---\``,
    );
  }
  return {
    name: name.replace(/\.patch$/, ''),
    author,
    subject,
    body,
    diff: content.toString('latin1', end + '\n---\n'.length),
  };
}

/** @returns the file's content, the same bytes on every machine */
export function formatPatch({ author, subject, body, diff }: Patch): Buffer {
  const head = `From: ${author}\nSubject: [PATCH] ${subject}\n\n${body}\n---\n`;
  return Buffer.concat([Buffer.from(head), Buffer.from(diff, 'latin1')]);
}

/** @returns the patch as a mail for `git am`: with a fixed date, and with its name as a trailer */
export function formatMail(patch: Patch): Buffer {
  const body = withName(patch);
  const mail = formatPatch({ ...patch, body });
  const date = 'Date: Tue, 14 Nov 2023 22:13:20 +0000';
  return Buffer.concat([
    Buffer.from(`From ${'0'.repeat(40)} Mon Sep 17 00:00:00 2001\n${date}\n`),
    mail,
    Buffer.from(mail.at(-1) === 0x0a ? '' : '\n'),
  ]);
}

/** @returns the message of the commit that stands for a patch */
export function commitMessage(patch: Pick<Patch, 'name' | 'subject' | 'body'>): string {
  return `${patch.subject}\n\n${withName(patch)}\n`;
}

function withName({ name, body }: Pick<Patch, 'name' | 'body'>): string {
  return `${body}${body.includes('\n\n') ? '\n' : '\n\n'}Patch: ${name}`;
}

/**
 * Reads a commit's message. Without a trailer `Patch:` the subject gives the name.
 *
 * @param message - the raw message, one character per byte
 * @throws SetUpError if it is not UTF-8
 */
export function readMessage(message: string): Pick<Patch, 'name' | 'subject' | 'body'> {
  const named = /^Patch: *(.+?)(?:\.patch)? *$/;
  const name = message.split('\n').flatMap((line) => line.match(named)?.[1] ?? []);
  const text = decode(
    Buffer.from(message, 'latin1'),
    `the message of ${name.at(-1) ?? message.split('\n')[0]}`,
  );
  const [subject = '', ...rest] = text.split('\n');
  const body = rest
    .filter((line) => !named.test(line))
    .map((line) => line.trimEnd())
    .join('\n')
    .replace(/\n{3,}/g, '\n\n')
    .trim();
  return { name: name.at(-1) ?? slug(subject), subject: subject.trim(), body };
}

function decode(bytes: Buffer, what: string): string {
  for (let start = 0, line = 1; start < bytes.length; line += 1) {
    const end = bytes.indexOf(0x0a, start);
    const next = end < 0 ? bytes.length : end + 1;
    if (!isUtf8(bytes.subarray(start, next))) {
      throw new SetUpError(`${what}: line ${line} is not UTF-8`);
    }
    start = next;
  }
  return bytes.toString();
}

/** @returns a file name for a patch: `Fix the ufrag look-up!` gives `fix-the-ufrag-look-up` */
export function slug(text: string): string {
  const words = text.toLowerCase().replace(/[^a-z0-9]+/g, '-');
  return words.replace(/^-+|-+$/g, '');
}

/**
 * Reads the header's fields. A field continues in lines that begin with a space. Trailers may follow the last one.
 *
 * @param firstLine - the number of the body's first line in its file or message
 */
export function readHeader(
  body: string,
  firstLine = 4,
): { fields: Partial<Record<HeaderField, string>>; complaints: Complaint[] } {
  const fields: Partial<Record<HeaderField, string>> = {};
  const lineOf: Partial<Record<HeaderField, number>> = {};
  const complaints: Complaint[] = [];
  const lines = body.split('\n');
  let current: HeaderField | undefined;
  for (const [index, text] of lines.entries()) {
    const line = firstLine + index;
    const field = headerFields.find((name) => text.startsWith(`${name}:`));
    const inTrailers = fields.Needs !== undefined && (text === '' || trailer.test(text));
    if (field && fields[field] !== undefined) {
      complaints.push({ line, what: `a second \`${field}:\`` });
    } else if (field) {
      current = field;
      lineOf[field] = line;
      fields[field] = text.slice(field.length + 1).trim();
    } else if (current && /^\s+\S/.test(text)) {
      fields[current] = `${fields[current]} ${text.trim()}`.trim();
    } else if (!inTrailers) {
      complaints.push({
        line,
        what: text
          ? `\`${text.slice(0, 40)}\` belongs to no field; a field continues in lines that begin with a space`
          : 'an empty line inside the header',
      });
    }
  }
  for (const field of headerFields) {
    const value = fields[field];
    const problem =
      value === undefined
        ? 'is missing'
        : value === ''
          ? 'is empty'
          : value.includes(placeholder) && `still says ${placeholder}`;
    if (problem) {
      const line = lineOf[field] ?? firstLine + lines.length;
      complaints.push({ line, what: `\`${field}:\` ${problem}` });
    }
  }
  return { fields, complaints: complaints.sort((a, b) => a.line - b.line) };
}

/** @returns the names in a patch's `Needs:` */
export function needsOf({ body }: Pick<Patch, 'body'>): string[] {
  const value = readHeader(body).fields.Needs ?? '';
  return value === 'nothing'
    ? []
    : value.split(/[\s,]+/).map((name) => name.replace(/\.patch$/, ''));
}

/** @returns the patches that a patch needs, directly or through others, and the patch itself, in series order */
export function closure(patch: Patch, all: readonly Patch[]): Patch[] {
  const names = new Set([patch.name]);
  for (const name of names) {
    const found = all.find((other) => other.name === name);
    for (const need of found ? needsOf(found) : []) {
      names.add(need);
    }
  }
  return all.filter(({ name }) => names.has(name));
}

/** @returns the test files in a patch's `Tested by:`, relative to the checkout */
export function testsNamed({ body }: Pick<Patch, 'body'>): string[] {
  const text = readHeader(body).fields['Tested by'] ?? '';
  return [...new Set(text.match(/[\w./-]+\.test\.tsx?/g))];
}

/** @returns the paths that a patch changes */
export function pathsOf({ diff }: Pick<Patch, 'diff'>): string[] {
  const pairs = diff.matchAll(/^diff --git a\/(.+?) b\/(.+)$/gm);
  return [...new Set([...pairs].flatMap(([, from = '', to = '']) => [from, to]))];
}

/** @returns the message of a patch that is still to be written: its header has placeholders that export refuses */
export function newMessage(name: string): string {
  const subject = name.charAt(0).toUpperCase() + name.slice(1).replace(/-/g, ' ');
  const body = [
    `Why: ${placeholder}: what goes wrong without it, and for whom.`,
    `Upstream: ${placeholder}: the issue or pull request, or why there is none.`,
    `Tested by: ${placeholder}: the test file that fails without the patch.`,
    `Can go when: ${placeholder}: what has to happen upstream.`,
    'Needs: nothing',
  ].join('\n');
  return commitMessage({ name, subject, body });
}

/**
 * Writes patches and `series` to a folder. Patches that the old `series` lists and the new one does not are deleted.
 *
 * @returns what changed, one line each; empty if every byte was the same
 */
export function writePatches(folder: string, patches: readonly Patch[]): string[] {
  const series = join(folder, 'series');
  const before = existsSync(series) ? readSeries(folder).map(({ name }) => name) : [];
  const names = patches.map(({ name }) => `${name}.patch`);
  const changes: string[] = [];
  for (const patch of patches) {
    const file = join(folder, `${patch.name}.patch`);
    const content = formatPatch(patch);
    const old = existsSync(file) ? readFileSync(file) : undefined;
    if (!old?.equals(content)) {
      writeFileSync(file, content);
      changes.push(`${old ? 'changed' : 'new'}: ${patch.name}.patch`);
    }
  }
  for (const name of before.filter((entry) => !names.includes(entry))) {
    rmSync(join(folder, name));
    changes.push(`removed: ${name}`);
  }
  // An unchanged list keeps its comments.
  if (before.join('\n') !== names.join('\n')) {
    writeFileSync(series, names.map((name) => `${name}\n`).join(''));
    changes.push('changed: series');
  }
  return changes;
}
