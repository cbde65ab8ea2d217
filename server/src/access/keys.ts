import {
  type CryptoKey,
  createLocalJWKSet,
  createRemoteJWKSet,
  errors,
  type JSONWebKeySet,
  type JWTPayload,
  type JWTVerifyGetKey,
  type JWTVerifyOptions,
  jwtVerify,
} from 'jose';
import type { Logger } from '../telemetry/log.ts';

/** Checks a token's signature and RFC 7519's claims. Throws what jose's jwtVerify throws. */
export type Verify = (token: string, options: JWTVerifyOptions) => Promise<JWTPayload>;

/**
 * Asymmetric algorithms only: if HS256 were allowed too, a token signed with the public key as the secret would pass.
 * The application chooses the algorithms, never the token (RFC 8725, section 3.1).
 */
const asymmetric = [
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
  'PS256',
  'PS384',
  'PS512',
  'RS256',
];

/** Unknown key ids cause at most one request in this time, because anyone can send tokens. */
const cooldownMs = 30_000;
const freshMs = 600_000;
const timeoutMs = 5_000;

/** @param secrets - called for each token; any of the secrets may have signed it */
export function verifyBySecrets(secrets: () => readonly string[]): Verify {
  return (token, options) =>
    firstMatching(
      secrets().map((secret) => new TextEncoder().encode(secret)),
      async (key) => (await jwtVerify(token, key, { ...options, algorithms: ['HS256'] })).payload,
    );
}

/** @param keySet - called for each token; returns a JWK Set (RFC 7517, section 5) */
export function verifyByKeySet(keySet: () => JSONWebKeySet): Verify {
  return (token, options) => verifyByKey(token, createLocalJWKSet(keySet()), options);
}

/**
 * Verifies by the issuer's JWK Set. An unknown key id causes it to be fetched again, so that a new key works at once.
 * While the issuer does not answer, the last known keys stay valid.
 *
 * @param url - where the JWK Set is
 * @param times - milliseconds: unknown key ids cause at most one request per `cooldownMs`; keys older than `freshMs` are
 *   fetched again
 */
export function verifyByUrl(url: URL, log: Logger, times = { cooldownMs, freshMs }): Verify {
  const remote = createRemoteJWKSet(url, {
    cooldownDuration: times.cooldownMs,
    cacheMaxAge: times.freshMs,
    timeoutDuration: timeoutMs,
  });
  const getKey: JWTVerifyGetKey = async (header, token) => {
    try {
      return await remote(header, token);
    } catch (error) {
      const known = remote.jwks();
      if (!known || isAboutTheToken(error)) {
        throw error;
      }
      log.warn(
        { url: url.href, error: String(error) },
        'failed to fetch keys; keeping the previous ones',
      );
      return await createLocalJWKSet(known)(header, token);
    }
  };
  return (token, options) => verifyByKey(token, getKey, options);
}

async function verifyByKey(
  token: string,
  getKey: JWTVerifyGetKey,
  given: JWTVerifyOptions,
): Promise<JWTPayload> {
  const options = { ...given, algorithms: asymmetric };
  try {
    return (await jwtVerify(token, getKey, options)).payload;
  } catch (error) {
    if (!(error instanceof errors.JWKSMultipleMatchingKeys)) {
      throw error;
    }
    // The token has no key id, and several keys have its algorithm.
    const keys: CryptoKey[] = [];
    for await (const key of error) {
      keys.push(key);
    }
    return await firstMatching(keys, async (key) => (await jwtVerify(token, key, options)).payload);
  }
}

/** Tries the keys in turn until one verifies the signature; any other failure ends the search. */
async function firstMatching<K>(
  keys: readonly K[],
  attempt: (key: K) => Promise<JWTPayload>,
): Promise<JWTPayload> {
  for (const key of keys) {
    try {
      return await attempt(key);
    } catch (error) {
      if (!(error instanceof errors.JWSSignatureVerificationFailed)) {
        throw error;
      }
    }
  }
  throw new errors.JWSSignatureVerificationFailed();
}

/** Whether the token is at fault, and not the key set or the network. */
export function isAboutTheToken(error: unknown): boolean {
  return (
    error instanceof errors.JWTExpired ||
    error instanceof errors.JWTClaimValidationFailed ||
    error instanceof errors.JWTInvalid ||
    error instanceof errors.JWSInvalid ||
    error instanceof errors.JWSSignatureVerificationFailed ||
    error instanceof errors.JOSEAlgNotAllowed ||
    error instanceof errors.JOSENotSupported ||
    error instanceof errors.JWKSNoMatchingKey ||
    error instanceof errors.JWKSMultipleMatchingKeys
  );
}
