import { z } from 'zod';

// Control characters would let one peer break another's screen, log or terminal.
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is searched for
const controlCharacters = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: as above, but a chat line may be folded
const controlCharactersButWhiteSpace = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/;
// Overrides of the text's direction, which would turn around what stands behind them, too.
const directionOverrides = /[\u202a-\u202e\u2066-\u2069]/;
const somethingVisible = /[^\p{C}\p{Z}\p{M}]/u;

/**
 * One line of text for people: 1 to `max` characters, something to see among them. White space is
 * trimmed, and made single spaces.
 *
 * @param max - the longest that it may be, in UTF-16 units
 */
export function lineSchema(max: number) {
  return z
    .string()
    .transform((text) => text.replace(/\s+/g, ' ').trim())
    .pipe(
      z
        .string()
        .max(max)
        .regex(somethingVisible, 'expected something to read')
        .refine(
          (text) => !controlCharacters.test(text) && !directionOverrides.test(text),
          'expected no control characters',
        ),
    );
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
    (text) => !controlCharactersButWhiteSpace.test(text),
    'expected no control characters other than tab and newline',
  );
