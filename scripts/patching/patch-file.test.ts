import { expect, test } from 'vitest';
import {
  closure,
  commitMessage,
  formatPatch,
  needsOf,
  newMessage,
  parsePatch,
  readHeader,
  readMessage,
  slug,
} from './patch-file.ts';
import { header, samplePatch } from './testing.ts';

const patch = samplePatch('a', 'b', 'some-name');
const trailers = 'Signed-off-by: A Person <person@localhost>\nChange-Id: I0123456789abcdef';

test.each([
  ['a header', header],
  ['a header with trailers', `${header}\n\n${trailers}`],
])('a patch with %s stays the same as a file and as a commit', (_, body) => {
  const { name, subject } = patch;
  const message = Buffer.from(commitMessage({ name, subject, body })).toString('latin1');

  expect(parsePatch('some-name', formatPatch({ ...patch, body }), 'file')).toEqual({
    ...patch,
    body,
  });
  expect(readMessage(message)).toEqual({ name, subject, body });
});

test('a commit without a trailer is named after its subject', () => {
  expect(readMessage('Fix: the Look-up (of 1690)\n\nWhy: x\n').name).toBe(
    'fix-the-look-up-of-1690',
  );
  expect(slug('--Aé  b--')).toBe('a-b');
});

test('bytes that are not UTF-8 are kept in a diff, and refused by line in a header', () => {
  const content = Buffer.from(
    formatPatch(patch).toString('latin1').replace('+b', '+\xff'),
    'latin1',
  );
  const latin1 = Buffer.from(
    content.toString('latin1').replace('a test', 'un \xe9t\xe9'),
    'latin1',
  );

  expect(formatPatch(parsePatch('some-name', content, 'file'))).toEqual(content);
  expect(() => parsePatch('some-name', latin1, 'some.patch')).toThrow(
    'some.patch: line 4 is not UTF-8',
  );
  expect(() => readMessage('Caf\xe9\n\nWhy: x\n\nPatch: some-name\n')).toThrow(
    'the message of some-name: line 1 is not UTF-8',
  );
});

test('a file with CRLF line ends is refused by that name', () => {
  const content = Buffer.from(formatPatch(patch).toString().replaceAll('\n', '\r\n'));

  expect(() => parsePatch('some-name', content, 'some.patch')).toThrow(/^some\.patch has CRLF/);
});

test.each([
  ['a complete header', header],
  ['a header with trailers', `${header}\n\n${trailers}`],
  ['trailers without an empty line before them', `${header}\n${trailers}`],
])('accepts %s', (_, body) => {
  const { fields, complaints } = readHeader(body);

  expect(complaints).toEqual([]);
  expect(fields.Why).toBe('a test wants it, and says so in more words than one line holds.');
  expect(fields.Needs).toBe('nothing');
});

test.each(['Why', 'Upstream', 'Tested by', 'Can go when', 'Needs'])(
  'names the line of a header where %s is missing or empty',
  (field) => {
    const lines = header.split('\n').filter((line) => !line.startsWith(' '));
    const index = lines.findIndex((line) => line.startsWith(`${field}:`));

    expect(readHeader(lines.toSpliced(index, 1).join('\n')).complaints).toEqual([
      { line: 8, what: `\`${field}:\` is missing` },
    ]);
    expect(readHeader(lines.with(index, `${field}: `).join('\n')).complaints).toEqual([
      { line: 4 + index, what: `\`${field}:\` is empty` },
    ]);
  },
);

test('names the lines of a new patch that are still to be written', () => {
  const { complaints } = readHeader(readMessage(newMessage('say-hello')).body);

  expect(complaints.map(({ line }) => line)).toEqual([4, 5, 6, 7]);
});

test('needs are names, with or without .patch', () => {
  expect(needsOf({ body: 'Needs: nothing' })).toEqual([]);
  expect(needsOf({ body: 'Needs: one.patch, two' })).toEqual(['one', 'two']);
});

test('a patch needs what its needs need', () => {
  const [one, two, three, four] = ['one', 'two', 'three', 'four'].map((name, index, all) => ({
    ...samplePatch('', '', name),
    body: header.replace('nothing', index === 3 ? 'nothing' : (all[index - 1] ?? 'nothing')),
  })) as [typeof patch, typeof patch, typeof patch, typeof patch];

  expect(closure(three, [one, two, three, four])).toEqual([one, two, three]);
});
