import { expect, test } from 'vitest';
import { peerIdSchema } from './ids.ts';
import { chatTextSchema, displayNameSchema } from './text.ts';

test.each(['Ada', '  Ada \t Lovelace\n', '王小明', 'Zoë 👩🏽‍💻'])('accepts the name %j', (name) => {
  expect(displayNameSchema.parse(name)).toBe(name.replace(/\s+/g, ' ').trim());
});

test.each(['', '   ', '\u200b', 'a\u202eb', 'a\u0000', '\u001b[31mred', 'x'.repeat(65), 7, null])(
  'rejects the name %j',
  (name) => {
    expect(displayNameSchema.safeParse(name).success).toBe(false);
  },
);

test('a chat message can have lines and tabs, but no other control characters', () => {
  expect(chatTextSchema.parse('one\n\ttwo')).toBe('one\n\ttwo');
  expect(chatTextSchema.safeParse('one\rtwo').success).toBe(false);
  expect(chatTextSchema.safeParse('x'.repeat(2001)).success).toBe(false);
});

test.each(['', 'a b', 'a/b', '..', 'ä', 'a\n', 'x'.repeat(65)])('rejects the id %j', (id) => {
  expect(peerIdSchema.safeParse(id).success).toBe(false);
});
