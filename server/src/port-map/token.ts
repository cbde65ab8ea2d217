import { randomBytes, randomUUID } from 'node:crypto';
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

const kept = /^[\w-]{32}$/;

/**
 * The random token that opens the port map. It is kept, so that a page stays open when the server is started again
 * in another port mode, and so that the command `whois` can read it.
 *
 * @param file - where it is kept, for this user alone
 * @returns the one in the file, or a new one
 */
export function keepToken(file: string): string {
  const known = readToken(file);
  if (known) {
    return known;
  }
  const token = randomBytes(24).toString('base64url');
  try {
    mkdirSync(dirname(file), { recursive: true });
    // In one step: two servers that start at once shall not read half a token. A link is replaced, not followed.
    const draft = `${file}.${randomUUID()}`;
    writeFileSync(draft, token, { mode: 0o600, flag: 'wx' });
    renameSync(draft, file);
  } catch {
    // A user without a home can't keep it: then the printed link is the only way.
  }
  return token;
}

/**
 * The token in a file.
 *
 * @returns undefined when there is none, or one that others could have read or written
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
    return kept.test(token) ? token : undefined;
  } catch {
    return undefined;
  } finally {
    closeSync(fd);
  }
}
