import { randomBytes } from 'node:crypto';
import type { z } from 'zod';
import type { claimsSchema } from '../../server/src/access/claims.ts';
import { makeToken } from '../../server/src/access/make-token.ts';

/** The default AUTH_JWT_SECRET of test servers that require tokens. */
export const testSecret = randomBytes(36).toString('base64url');

export type TestClaims = Partial<z.input<typeof claimsSchema>>;

export interface TestTokenTimes {
  /** Seconds from now, may be negative. */
  expiresIn?: number;
  notBeforeIn?: number;
  issuer?: string;
  audience?: string;
}

/**
 * A token for a test, by default valid for five minutes and the room `room`.
 *
 * @param claims - deviations from the default
 * @param secret - signs it
 */
export function testToken(
  claims: TestClaims = {},
  secret = testSecret,
  { expiresIn = 300, notBeforeIn, issuer, audience }: TestTokenTimes = {},
): Promise<string> {
  const at = (seconds: number) => new Date(Date.now() + seconds * 1000);
  return makeToken({ sub: 'somebody', room: 'room', ...claims }, secret, {
    expires: at(expiresIn),
    ...(notBeforeIn === undefined ? {} : { notBefore: at(notBeforeIn) }),
    ...(issuer === undefined ? {} : { issuer }),
    ...(audience === undefined ? {} : { audience }),
  });
}
