import { explain, type Refusal, refusals } from '@oneport/protocol';
import { errors, type JWTPayload } from 'jose';
import { type Access, RefusedError } from './access.ts';
import { accessOf, claimsSchema } from './claims.ts';
import { isAboutTheToken, type Verify } from './keys.ts';

export interface TokenRules {
  /** Unset: any. */
  issuer: string | undefined;
  audience: string | undefined;
  /** Seconds that the issuer's clock may be wrong, both ways. */
  clockSkew: number;
}

/** Finds out what somebody may do in a room. Throws RefusedError, or what prevented the check. */
export type Gate = (roomId: string, token: string | undefined) => Promise<Access>;

/**
 * Lets in whoever has a token that is good for the room.
 *
 * @param verify - how signatures are checked
 * @param rules - what must hold besides
 * @param now - the time, in milliseconds since 1970
 */
export function tokenGate(verify: Verify, rules: TokenRules, now = Date.now): Gate {
  const { issuer, audience, clockSkew } = rules;
  return async (roomId, token) => {
    if (!token) {
      throw new RefusedError(refusals.tokenMissing);
    }
    let payload: JWTPayload;
    try {
      payload = await verify(token, {
        ...(issuer === undefined ? {} : { issuer }),
        ...(audience === undefined ? {} : { audience }),
        clockTolerance: clockSkew,
        currentDate: new Date(now()),
        // A token that is good for ever can't be taken back.
        requiredClaims: ['exp'],
      });
    } catch (error) {
      if (!isAboutTheToken(error)) {
        throw error;
      }
      throw new RefusedError(refusalOf(error), String(error));
    }
    const claims = claimsSchema.safeParse(payload);
    if (!claims.success) {
      throw new RefusedError(refusals.tokenInvalid, explain(claims.error));
    }
    if (claims.data.room !== '*' && claims.data.room !== roomId) {
      throw new RefusedError(refusals.tokenOtherRoom);
    }
    return accessOf(claims.data);
  };
}

function refusalOf(error: unknown): Refusal {
  if (error instanceof errors.JWTExpired) {
    return refusals.tokenExpired;
  }
  const early = error instanceof errors.JWTClaimValidationFailed && error.claim === 'nbf';
  return early ? refusals.tokenTooEarly : refusals.tokenInvalid;
}
