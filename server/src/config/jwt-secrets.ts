/** Shared secrets for HS256. */

/** RFC 7518, section 3.2: a key of at least the hash's size, 256 bits. */
const shortest = 32;
const longest = 512;
const most = 10;

/**
 * Several at once, so that tokens of the old one stay good while the new one is handed out.
 *
 * @param text - secrets, split by commas or line breaks
 * @returns at least one
 * @throws Error saying what is expected, without any part of what was given
 */
export function parseSecrets(text: string): string[] {
  const secrets = text
    .split(/[,\n]/)
    .map((secret) => secret.trim())
    .filter((secret) => secret !== '');
  if (secrets.length === 0 || secrets.length > most) {
    throw new Error(`expected 1 to ${most} secrets, split by commas or line breaks`);
  }
  if (!secrets.every((secret) => isLongEnough(secret) && /^[\x21-\x7e]+$/.test(secret))) {
    throw new Error(
      `expected secrets of ${shortest} to ${longest} ASCII characters without spaces: ` +
        'openssl rand -base64 48 makes one',
    );
  }
  return secrets;
}

function isLongEnough({ length }: string): boolean {
  return length >= shortest && length <= longest;
}
