import { createHash, timingSafeEqual } from 'node:crypto';

/**
 * Whether it is the right one, in a time that tells nothing of how much of it is.
 *
 * @param given - from the network: anything
 * @param expected - the token
 */
export function isToken(given: unknown, expected: string): boolean {
  if (typeof given !== 'string' || given.length > 256) {
    return false;
  }
  // Hashes, because timingSafeEqual takes only values of one length.
  const [one, other] = [given, expected].map((text) => createHash('sha256').update(text).digest());
  return one !== undefined && other !== undefined && timingSafeEqual(one, other);
}
