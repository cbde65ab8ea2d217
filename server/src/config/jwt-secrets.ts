import { z } from 'zod';

/** RFC 7518, section 3.2: an HS256 key has at least the hash's size, 256 bits. */
const minLength = 32;
const maxLength = 512;
const maxSecrets = 10;

/**
 * Parses shared secrets for HS256. Several are valid at once, so that tokens signed with the old secret stay valid
 * while the new one is rolled out.
 *
 * @param text - secrets, separated by commas or line breaks
 * @returns at least one
 * @throws Error that says what is expected and quotes nothing of the text
 */
export function parseSecrets(text: string): string[] {
  const secrets = text
    .split(/[,\n]/)
    .map((secret) => secret.trim())
    .filter((secret) => secret !== '');
  if (secrets.length === 0 || secrets.length > maxSecrets) {
    throw new Error(`expected 1 to ${maxSecrets} secrets, separated by commas or line breaks`);
  }
  if (!secrets.every((secret) => isLongEnough(secret) && /^[\x21-\x7e]+$/.test(secret))) {
    throw new Error(
      `expected secrets of ${minLength} to ${maxLength} ASCII characters without spaces; ` +
        'openssl rand -base64 48 makes one',
    );
  }
  return secrets;
}

function isLongEnough({ length }: string): boolean {
  return length >= minLength && length <= maxLength;
}

export const jwtSecrets = z.string().transform((text, context) => {
  try {
    return parseSecrets(text);
  } catch (error) {
    context.addIssue({ code: 'custom', message: error instanceof Error ? error.message : '' });
    return z.NEVER;
  }
});
