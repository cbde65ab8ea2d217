import { SetUpError } from '../setup/set-up-error.mjs';

/** What each patch's header must say, in this order. */
export const headerFields = ['Why', 'Upstream', 'Tested by', 'Can go when', 'Needs'] as const;

export type HeaderField = (typeof headerFields)[number];

/** A patch, taken apart. As a commit: `subject` is its first line, `body` the rest. */
export interface Patch {
  /** The file's name without `.patch`. */
  readonly name: string;
  readonly author: string;
  readonly email: string;
  readonly subject: string;
  /** The header's lines, from Why to Needs. */
  readonly body: string;
  /** From the first `diff --git` on. */
  readonly diff: string;
}

/** What is wrong with a patch, and where. */
export interface Complaint {
  readonly line: number;
  readonly what: string;
}

/** What `new` leaves for the person to write; export refuses it. */
export const placeholder = 'TODO';

const nameTrailer = 'Patch';

/**
 * @param file - For messages.
 * @throws {SetUpError} When it doesn't look like one of ours at all.
 */
export function parsePatch(name: string, text: string, file: string): Patch {
  const match = text.match(
    /^From: (.+?) <([^>\n]*)>\nSubject: \[PATCH\] (.+)\n\n([\s\S]*?)\n---\n([\s\S]*)$/,
  );
  const [, author, email, subject, body, diff] = match ?? [];

  if (author === undefined || email === undefined || !subject || !body || diff === undefined) {
    throw new SetUpError(
      `${file} doesn't begin with \`From:\`, \`Subject: [PATCH]\`, an empty line, a header and \`---\``,
    );
  }

  return { name, author, email, subject, body, diff };
}

/** The patch as a file: the same bytes whoever writes it, whenever. */
export function formatPatch({ author, email, subject, body, diff }: Patch): string {
  return `From: ${author} <${email}>\nSubject: [PATCH] ${subject}\n\n${body}\n---\n${diff}`;
}

/** The message of the commit that stands for a patch. It remembers the file's name. */
export function commitMessage({
  name,
  subject,
  body,
}: Pick<Patch, 'name' | 'subject' | 'body'>): string {
  return `${subject}\n\n${body}\n\n${nameTrailer}: ${name}\n`;
}

/**
 * The other way round. A commit that was made by hand has no name yet: its subject gives one.
 *
 * @param message - The whole message.
 */
export function readMessage(message: string): Pick<Patch, 'name' | 'subject' | 'body'> {
  const [subject = '', ...rest] = message.trimEnd().split('\n');
  const trailer = new RegExp(`^${nameTrailer}: *(.+?)(?:\\.patch)? *$`);
  const names = rest.flatMap((line) => line.match(trailer)?.[1] ?? []);
  const body = rest
    .filter((line) => !trailer.test(line))
    .map((line) => line.trimEnd())
    .join('\n')
    .replace(/^\n+|\n+$/g, '');

  return { name: names.at(-1) ?? slug(subject), subject: subject.trim(), body };
}

/** A file's name for a patch: `Fix the Ufrag look-up!` is `fix-the-ufrag-look-up`. */
export function slug(text: string): string {
  return text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '');
}

/**
 * Reads the header's fields. A field goes on in the lines after it that begin with a space.
 *
 * @param firstLine - The number of the body's first line in its file.
 */
export function readHeader(
  body: string,
  firstLine = 4,
): { fields: Partial<Record<HeaderField, string>>; complaints: Complaint[] } {
  const fields: Partial<Record<HeaderField, string>> = {};
  const lineOf: Partial<Record<HeaderField, number>> = {};
  const complaints: Complaint[] = [];
  let current: HeaderField | undefined;
  const lines = body.split('\n');

  lines.forEach((text, index) => {
    const line = firstLine + index;
    const begun = headerFields.find((field) => text.startsWith(`${field}:`));

    if (begun) {
      if (fields[begun] !== undefined) {
        complaints.push({ line, what: `a second \`${begun}:\`` });
      }
      current = begun;
      lineOf[begun] = line;
      fields[begun] = text.slice(begun.length + 1).trim();
    } else if (current && /^\s+\S/.test(text)) {
      fields[current] = `${fields[current]} ${text.trim()}`.trim();
    } else {
      complaints.push({
        line,
        what: text.trim()
          ? `\`${text.slice(0, 40)}\` belongs to no field; a field goes on in lines that begin with a space`
          : 'an empty line inside the header',
      });
    }
  });
  for (const field of headerFields) {
    const value = fields[field];

    if (value === undefined) {
      complaints.push({ line: firstLine + lines.length, what: `\`${field}:\` is missing` });
    } else if (value === '') {
      complaints.push({ line: lineOf[field] ?? firstLine, what: `\`${field}:\` is empty` });
    } else if (value.includes(placeholder)) {
      complaints.push({
        line: lineOf[field] ?? firstLine,
        what: `\`${field}:\` still says ${placeholder}`,
      });
    }
  }

  return { fields, complaints: complaints.sort((a, b) => a.line - b.line) };
}

/** @returns The names of the patches that a patch builds on, as its `Needs:` says them. */
export function needsOf({ body }: Pick<Patch, 'body'>): string[] {
  const value = readHeader(body).fields.Needs ?? '';

  return value === 'nothing'
    ? []
    : value.split(/[\s,]+/).map((name) => name.replace(/\.patch$/, ''));
}

/** @returns The test files that a patch's `Tested by:` names, relative to the checkout. */
export function testsNamed({ body }: Pick<Patch, 'body'>): string[] {
  const text = readHeader(body).fields['Tested by'] ?? '';

  return [...new Set(text.match(/[\w./-]+\.test\.tsx?/g) ?? [])];
}

/** @returns The paths that a diff touches, without duplicates. */
export function pathsOf(diff: string): string[] {
  const paths = [...diff.matchAll(/^diff --git a\/(.+?) b\/(.+)$/gm)].flatMap(([, from, to]) => [
    from ?? '',
    to ?? '',
  ]);

  return [...new Set(paths)];
}

/** A patch that is still to be written: its message, with the header to fill in. */
export function newPatch(name: string): Pick<Patch, 'name' | 'subject' | 'body'> {
  const words = name.replace(/-/g, ' ');

  return {
    name,
    subject: `${words.charAt(0).toUpperCase()}${words.slice(1)}`,
    body: [
      `Why: ${placeholder}: what goes wrong without it, for whom.`,
      `Upstream: ${placeholder}: the issue or pull request, or why there is none.`,
      `Tested by: ${placeholder}: the test file that fails when the patch is taken out.`,
      `Can go when: ${placeholder}: what must have happened upstream.`,
      'Needs: nothing',
    ].join('\n'),
  };
}
