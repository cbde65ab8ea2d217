import { z } from 'zod';

// Control characters would let one peer break another's screen, log or terminal.
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is searched for
const controlCharacters = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: as above, but a chat line may be folded
const controlCharactersButNewline = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/;

/**
 * One line of text for people: trimmed, 1 to `max` characters, no control characters.
 *
 * @param max - the longest that it may be, in UTF-16 units
 */
export function lineSchema(max: number) {
  return z
    .string()
    .trim()
    .min(1)
    .max(max)
    .refine((text) => !controlCharacters.test(text), 'expected no control characters');
}

/** What a peer is called. Not unique: the peer id is. */
export const displayNameSchema = lineSchema(64);

/** A chat message: several lines are fine. */
export const chatTextSchema = z
  .string()
  .trim()
  .min(1)
  .max(2000)
  .refine(
    (text) => !controlCharactersButNewline.test(text),
    'expected no control characters other than newline',
  );
