import { SignJWT } from 'jose';
import type { z } from 'zod';
import type { claimsSchema } from './claims.ts';

/**
 * Makes a token as an application's server would (HS256).
 *
 * @param claims - who, which room, and what differs from what is allowed by default
 * @param secret - one of those that the server knows
 * @param times - when it ends, and when it begins to be good, as Date objects; issuer and audience, where asked for
 */
export function makeToken(
  claims: z.input<typeof claimsSchema>,
  secret: string,
  times: { expires: Date; notBefore?: Date; issuer?: string; audience?: string },
): Promise<string> {
  const { expires, notBefore, issuer, audience } = times;
  const token = new SignJWT(claims)
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .setIssuedAt()
    .setExpirationTime(expires);
  if (notBefore) {
    token.setNotBefore(notBefore);
  }
  if (issuer) {
    token.setIssuer(issuer);
  }
  if (audience) {
    token.setAudience(audience);
  }
  return token.sign(new TextEncoder().encode(secret));
}
