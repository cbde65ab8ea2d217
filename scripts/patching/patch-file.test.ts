import { expect, test } from 'vitest';
import {
  commitMessage,
  formatPatch,
  needsOf,
  newPatch,
  parsePatch,
  readHeader,
  readMessage,
  slug,
} from './patch-file.ts';
import { samplePatch, wholeHeader } from './testing.ts';

const patch = samplePatch('a', 'b', 'some-name');

test('a patch survives being a file, and being a commit', () => {
  expect(parsePatch('some-name', formatPatch(patch), 'file')).toEqual(patch);
  expect(readMessage(commitMessage(patch))).toEqual({
    name: patch.name,
    subject: patch.subject,
    body: patch.body,
  });
});

test('a commit that was made by hand is named after its subject', () => {
  expect(readMessage('Fix: the Look-up (of 1690)\n\nWhy: x\n').name).toBe(
    'fix-the-look-up-of-1690',
  );
  expect(slug('--Aé  b--')).toBe('a-b');
});

test('a whole header has nothing to complain about', () => {
  const { fields, complaints } = readHeader(wholeHeader);

  expect(complaints).toEqual([]);
  expect(fields.Why).toBe('a test wants it, and says so in more words than one line holds.');
});

test.each(['Why', 'Upstream', 'Tested by', 'Can go when', 'Needs'])(
  'a header without %s, or with an empty one, is not whole; the line is named',
  (field) => {
    const lines = wholeHeader.split('\n').filter((line) => !line.startsWith(' '));
    const index = lines.findIndex((line) => line.startsWith(`${field}:`));

    expect(readHeader(lines.toSpliced(index, 1).join('\n')).complaints).toEqual([
      { line: 8, what: `\`${field}:\` is missing` },
    ]);
    expect(readHeader(lines.with(index, `${field}: `).join('\n')).complaints).toEqual([
      { line: 4 + index, what: `\`${field}:\` is empty` },
    ]);
  },
);

test('what a new patch leaves to be written is found', () => {
  const { complaints } = readHeader(newPatch('say-hello').body);

  expect(complaints.map(({ line }) => line)).toEqual([4, 5, 6, 7]);
});

test('text that belongs to no field is found', () => {
  expect(readHeader(`stray\n${wholeHeader}`).complaints).toMatchObject([{ line: 4 }]);
});

test('needs are names, with or without .patch', () => {
  expect(needsOf({ body: 'Needs: nothing' })).toEqual([]);
  expect(needsOf({ body: 'Needs: one.patch, two' })).toEqual(['one', 'two']);
});
