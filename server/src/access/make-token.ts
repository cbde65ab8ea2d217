import { SignJWT } from 'jose';
import type { z } from 'zod';
import type { claimsSchema } from './claims.ts';

/**
 * Makes a token as an application's own server would (HS256).
 *
 * @param secret - one of AUTH_JWT_SECRET
 * @param options.notBefore - unset: the token is valid at once
 */
export function makeToken(
  claims: z.input<typeof claimsSchema>,
  secret: string,
  options: { expires: Date; notBefore?: Date; issuer?: string; audience?: string },
): Promise<string> {
  const { expires, notBefore, issuer, audience } = options;
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
