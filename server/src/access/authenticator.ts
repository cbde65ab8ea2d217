import { type CloseReason, closeCodes, closeReasons, explain } from '@oneport/protocol';
import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTPayload } from 'jose';
import { parseSecrets } from '../config/jwt-secrets.ts';
import type { AuthConfig } from '../config/types.ts';
import type { Logger } from '../telemetry/log.ts';
import { type Access, openAccess } from './access.ts';
import { AdmissionError } from './admission-error.ts';
import { accessOf, claimsSchema } from './claims.ts';
import {
  isAboutTheToken,
  type Verify,
  verifyByKeySet,
  verifyBySecrets,
  verifyByUrl,
} from './keys.ts';
import { WatchedFile } from './watched-file.ts';

/** Decides who may enter a room. */
export interface Authenticator {
  /**
   * @param token - as the client sent it, unchecked; undefined when it sent none
   * @returns what the client may do in the room
   * @throws AdmissionError when the token does not open the room; any other error when it could not be checked
   */
  authorize(roomId: string, token: string | undefined): Promise<Access>;
}

export type TokenRules = Omit<AuthConfig, 'keys'>;

/**
 * Creates the authenticator that the settings ask for, and logs whether rooms are open.
 *
 * @throws StartError when a file of keys can't be used
 */
export function createAuthenticator(config: AuthConfig, log: Logger): Authenticator {
  const { keys, issuer, audience, clockSkew } = config;
  if (keys.kind === 'none') {
    log.warn(
      'rooms are open: no token is required, and there are no moderators. ' +
        'Set AUTH_JWT_SECRET or AUTH_JWKS_URL to require tokens (docs/tokens.md)',
    );
    return { authorize: async () => openAccess };
  }
  log.info({ keys: keys.kind, issuer, audience, clockSkewSeconds: clockSkew }, 'tokens required');
  return tokenAuthenticator(verifierFor(keys, log), config);
}

/**
 * Authorizes clients by JSON Web Tokens (RFC 7519).
 *
 * @param verify - checks signatures
 * @param now - milliseconds since 1970
 */
export function tokenAuthenticator(
  verify: Verify,
  { issuer, audience, clockSkew, maxExpiryDays }: TokenRules,
  now = Date.now,
): Authenticator {
  return {
    async authorize(roomId, token) {
      if (!token) {
        throw rejection(closeReasons.tokenMissing);
      }
      let payload: JWTPayload;
      try {
        payload = await verify(token, {
          ...(issuer === undefined ? {} : { issuer }),
          ...(audience === undefined ? {} : { audience }),
          clockTolerance: clockSkew,
          currentDate: new Date(now()),
          // A token that never expires can't be revoked.
          requiredClaims: ['exp'],
        });
      } catch (error) {
        if (!isAboutTheToken(error)) {
          throw error;
        }
        throw rejection(closeReasonFor(error), String(error));
      }
      const claims = claimsSchema.safeParse(payload);
      if (!claims.success) {
        throw rejection(closeReasons.tokenInvalid, explain(claims.error));
      }
      if (claims.data.room !== '*' && claims.data.room !== roomId) {
        throw rejection(closeReasons.tokenOtherRoom);
      }
      // jose has checked that exp is there, and a number.
      const expiresAt = 1000 * ((payload.exp ?? 0) + clockSkew);
      if (expiresAt > now() + 1000 * (86_400 * maxExpiryDays + clockSkew)) {
        const detail = `exp is more than ${maxExpiryDays} days ahead (AUTH_MAX_EXPIRY_DAYS)`;
        throw rejection(closeReasons.tokenExpiresTooLate, detail);
      }
      return accessOf(claims.data, expiresAt);
    },
  };
}

function rejection(reason: CloseReason, detail?: string): AdmissionError {
  return new AdmissionError(
    closeCodes.unauthorized,
    reason,
    detail === undefined ? {} : { detail },
  );
}

function closeReasonFor(error: unknown): CloseReason {
  if (error instanceof errors.JWTExpired) {
    return closeReasons.tokenExpired;
  }
  const early = error instanceof errors.JWTClaimValidationFailed && error.claim === 'nbf';
  return early ? closeReasons.tokenTooEarly : closeReasons.tokenInvalid;
}

function verifierFor(keys: Exclude<AuthConfig['keys'], { kind: 'none' }>, log: Logger): Verify {
  switch (keys.kind) {
    case 'secrets':
      return verifyBySecrets(() => keys.secrets);
    case 'secret-file': {
      const file = new WatchedFile(keys.path, 'AUTH_JWT_SECRET_FILE', parseSecrets, log);
      return verifyBySecrets(() => file.value);
    }
    case 'jwks-file': {
      const file = new WatchedFile(keys.path, 'AUTH_JWKS_FILE', parseKeySet, log);
      return verifyByKeySet(() => file.value);
    }
    case 'jwks-url':
      return verifyByUrl(keys.url, log);
  }
}

/** @throws Error unless the text is a JWK Set (RFC 7517, section 5) with at least one key */
function parseKeySet(text: string): JSONWebKeySet {
  try {
    const keySet: JSONWebKeySet = JSON.parse(text);
    createLocalJWKSet(keySet);
    if (keySet.keys.length > 0) {
      return keySet;
    }
  } catch {
    // JSON.parse quotes its input in the message, and the input may be a secret.
  }
  throw new Error('expected a JWK Set: { "keys": [ ... ] }, with at least one key');
}
