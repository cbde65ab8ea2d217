/** Tokens of operators: PORT_MAP_TOKEN, also if it is generated, and METRICS_TOKEN. */
import { createHash, randomBytes, randomUUID, timingSafeEqual } from 'node:crypto';
import {
  closeSync,
  constants,
  fstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';

/**
 * Compares tokens in a time that does not depend on how much of the given one is right.
 *
 * @param given - from the network, unchecked
 */
export function isSameToken(given: unknown, expected: string): boolean {
  if (typeof given !== 'string' || given.length > 256) {
    return false;
  }
  // Hashes, because timingSafeEqual needs values of the same length.
  const [one, other] = [given, expected].map((text) => createHash('sha256').update(text).digest());
  return one !== undefined && other !== undefined && timingSafeEqual(one, other);
}

/** @returns the token in an Authorization header (RFC 6750, section 2.1); undefined if there is none */
export function bearerTokenIn(authorization: string | undefined): string | undefined {
  return /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1];
}

const generated = /^[\w-]{32}$/;

/**
 * Loads the generated token of the port map, or generates it. It is kept in a file so that an open page survives a
 * restart in another port mode, and so that `npm run whois` can read it.
 *
 * @param file - created for this user only
 */
export function loadOrGenerateToken(file: string): string {
  const known = readToken(file);
  if (known) {
    return known;
  }
  const token = randomBytes(24).toString('base64url');
  try {
    mkdirSync(dirname(file), { recursive: true });
    // rename(2) is atomic: of two servers that start at once, neither reads half a token. It replaces a link.
    const draft = `${file}.${randomUUID()}`;
    writeFileSync(draft, token, { mode: 0o600, flag: 'wx' });
    renameSync(draft, file);
  } catch {
    // A user without a home can't keep it; the printed link still has it.
  }
  return token;
}

/**
 * Reads a generated token.
 *
 * @returns undefined if there is none, or if another user could have read or written it
 */
export function readToken(file: string): string | undefined {
  let fd: number;
  try {
    fd = openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch {
    return undefined;
  }
  try {
    const stat = fstatSync(fd);
    const ours = stat.uid === (process.getuid?.() ?? stat.uid);
    if (!stat.isFile() || !ours || (stat.mode & 0o077) !== 0) {
      return undefined;
    }
    const token = readFileSync(fd, 'latin1').trim();
    return generated.test(token) ? token : undefined;
  } catch {
    return undefined;
  } finally {
    closeSync(fd);
  }
}
