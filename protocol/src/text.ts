import { z } from 'zod';

// Control characters would let one peer garble another peer's screen, a log or a terminal.
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are searched for
const controlCharacters = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: as above, but chat messages have lines and tabs
const controlCharactersButWhiteSpace = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/;
// Overrides of the text direction also affect the text after them.
const directionOverrides = /[\u202a-\u202e\u2066-\u2069]/;
const somethingVisible = /[^\p{C}\p{Z}\p{M}]/u;

/**
 * One line of text for people with at least one visible character. White space is trimmed and collapsed.
 *
 * @param max - the maximum length, in UTF-16 code units
 */
export function lineSchema(max: number) {
  return z
    .string()
    .transform((text) => text.replace(/\s+/g, ' ').trim())
    .pipe(
      z
        .string()
        .max(max)
        .regex(somethingVisible, 'expected visible text')
        .refine(
          (text) => !controlCharacters.test(text) && !directionOverrides.test(text),
          'expected no control characters',
        ),
    );
}

/** The name of a peer. Unlike the peer id, it is not unique. */
export const displayNameSchema = lineSchema(64);

/** A chat message, of one or more lines. */
export const chatTextSchema = z
  .string()
  // Before trim(), whose result would keep a longer text in memory (V8's sliced strings).
  .max(2000)
  .trim()
  .min(1)
  .refine(
    (text) => !controlCharactersButWhiteSpace.test(text),
    'expected no control characters other than tab and newline',
  );
