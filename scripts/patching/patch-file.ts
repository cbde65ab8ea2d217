import { isUtf8 } from 'node:buffer';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SetUpError } from '../setup/set-up-error.mjs';
import { readSeries } from '../worker/inputs.ts';

const headerFields = ['Why', 'Upstream', 'Tested by', 'Can go when', 'Needs'] as const;

type Fields = Partial<Record<(typeof headerFields)[number], string>>;

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

/** A mistake in a patch. `line` counts from 1. */
export interface Complaint {
  readonly line: number;
  readonly what: string;
}

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
  const text = content.toString('latin1');
  const end = text.indexOf('\n---\n');
  const head = decode(text.slice(0, Math.max(end, 0)), file);
  const format = /^From: (.+ <[^>\n]*>)\nSubject: \[PATCH\] (.+)\n\n([\s\S]+)$/;
  const [, author, subject, body] = head.match(format) ?? [];
  if (!author || !subject || !body) {
    throw new SetUpError(
      text.includes('\r\n---\r\n')
        ? `${file} has CRLF line ends. Patches need LF: set core.autocrlf to false and check the file out again.`
        : `${file} does not begin with \`From:\`, \`Subject: [PATCH]\`, an empty line, a header and \`---\``,
    );
  }
  const diff = text.slice(end + '\n---\n'.length);
  return { name: name.replace(/\.patch$/, ''), author, subject, body, diff };
}

/** @returns the file's content, the same bytes on every machine */
export function formatPatch({ author, subject, body, diff }: Patch): Buffer {
  const head = `From: ${author}\nSubject: [PATCH] ${subject}\n\n${body}\n---\n`;
  return Buffer.concat([Buffer.from(head), Buffer.from(diff, 'latin1')]);
}

/** @returns the patch as a mail for `git am`: with a fixed date, and with its name as a trailer */
export function formatMail(patch: Patch): Buffer {
  const first = `From ${'0'.repeat(40)} Mon Sep 17 00:00:00 2001\n`;
  const date = 'Date: Tue, 14 Nov 2023 22:13:20 +0000\n';
  const mail = formatPatch({ ...patch, body: withName(patch) });
  return Buffer.concat([Buffer.from(first + date), mail, Buffer.from('\n')]);
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
  const trailer = /^Patch: *(.+?)(?:\.patch)? *(?:\n|$)/gm;
  const name = [...message.matchAll(trailer)].at(-1)?.[1];
  const text = decode(message, `the message of ${name ?? message.split('\n')[0]}`);
  const [, subject = '', rest = ''] = text.match(/^(.*)\n?([\s\S]*)$/) ?? [];
  const body = rest.replace(trailer, '').replace(/[^\S\n]+$/gm, '');
  return {
    name: name ?? slug(subject),
    subject: subject.trim(),
    body: body.replace(/\n{3,}/g, '\n\n').replace(/^\n+|\n+$/g, ''),
  };
}

/**
 * @param text - one character per byte
 * @param what - the subject of the message
 * @throws SetUpError if it is not UTF-8
 */
export function decode(text: string, what: string): string {
  const bytes = (line: string) => Buffer.from(line, 'latin1');
  const index = text.split('\n').findIndex((line) => !isUtf8(bytes(line)));
  if (index >= 0) {
    throw new SetUpError(`${what}: line ${index + 1} is not UTF-8`);
  }
  return bytes(text).toString();
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
 * @returns the fields, and a complaint about each that is missing, empty or still to be written
 */
export function readHeader(
  body: string,
  firstLine = 4,
): { fields: Fields; complaints: Complaint[] } {
  const fields: Fields = {};
  const lines = body.split('\n');
  const complaints = headerFields.flatMap((field) => {
    const index = lines.findIndex((text) => text.startsWith(`${field}:`));
    if (index < 0) {
      return [{ line: firstLine + lines.length, what: `\`${field}:\` is missing` }];
    }
    const [first = '', ...others] = lines.slice(index);
    const end = others.findIndex((text) => !text.startsWith(' '));
    const more = end < 0 ? others : others.slice(0, end);
    const text = [first.slice(field.length + 1), ...more]
      .map((part) => part.trim())
      .join(' ')
      .trim();
    fields[field] = text;
    const wrong = text === '' ? 'is empty' : text.includes('TODO') ? 'still says TODO' : undefined;
    return wrong ? [{ line: firstLine + index, what: `\`${field}:\` ${wrong}` }] : [];
  });
  return { fields, complaints };
}

/** @returns the names in a patch's `Needs:` */
export function needsOf({ body }: Pick<Patch, 'body'>): string[] {
  const names = (readHeader(body).fields.Needs ?? '').split(/[\s,]+/);
  return names
    .filter((name) => name && name !== 'nothing')
    .map((name) => name.replace(/\.patch$/, ''));
}

/** @returns the patches that a patch needs, directly or through others, and the patch itself, in series order */
export function closure(patch: Patch, all: readonly Patch[]): Patch[] {
  const names = new Set([patch.name]);
  for (const name of names) {
    for (const need of all.filter((other) => other.name === name).flatMap(needsOf)) {
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

/** @returns the message of a patch that is still to be written: export refuses a header that says TODO */
export function newMessage(name: string): string {
  const subject = name.charAt(0).toUpperCase() + name.slice(1).replace(/-/g, ' ');
  const body = [
    'Why: TODO: what goes wrong without it, and for whom.',
    'Upstream: TODO: the issue or pull request, or why there is none.',
    'Tested by: TODO: the test file that fails without the patch.',
    'Can go when: TODO: what has to happen upstream.',
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
