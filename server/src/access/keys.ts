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
 * Only signatures that a key pair makes: with a symmetric one allowed beside, a public key could be taken for a secret.
 * (RFC 8725, section 3.1: an application says which algorithms, never the token.)
 */
const pairs = ['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519', 'PS256', 'PS384', 'PS512', 'RS256'];

/** Milliseconds in which an unknown key id asks the issuer once: tokens come from anybody. */
const cooldownMs = 30_000;
/** Milliseconds after which keys are fetched anew, known or not. */
const freshMs = 600_000;
/** Milliseconds that the issuer has to answer. */
const timeoutMs = 5_000;

/** @param secrets - any of them may have signed: asked for at each token */
export function verifyBySecrets(secrets: () => readonly string[]): Verify {
  return (token, options) =>
    firstThatFits(
      secrets().map((secret) => new TextEncoder().encode(secret)),
      async (key) => (await jwtVerify(token, key, { ...options, algorithms: ['HS256'] })).payload,
    );
}

/** @param keySet - RFC 7517's JWK Set: asked for at each token */
export function verifyByKeySet(keySet: () => JSONWebKeySet): Verify {
  return (token, options) => verifyByKey(token, createLocalJWKSet(keySet()), options);
}

/**
 * By the issuer's JWK Set. An unknown key id makes it be fetched anew, so a new key works at once; while the issuer
 * doesn't answer, the last known keys stay: its failure shall not end ours.
 *
 * @param url - of the JWK Set
 * @param times - milliseconds: how long an unknown key id asks at most once, how long keys are taken for fresh
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
      log.warn({ url: url.href, error: String(error) }, 'keys not fetched: the last ones stay');
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
  const options = { ...given, algorithms: pairs };
  try {
    return (await jwtVerify(token, getKey, options)).payload;
  } catch (error) {
    if (!(error instanceof errors.JWKSMultipleMatchingKeys)) {
      throw error;
    }
    // The token names no key, and several are of its kind.
    const keys: CryptoKey[] = [];
    for await (const key of error) {
      keys.push(key);
    }
    return await firstThatFits(keys, async (key) => (await jwtVerify(token, key, options)).payload);
  }
}

/** Tries one key after the other, as long as it is the signature that is wrong. */
async function firstThatFits<K>(
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

/** Whether it is the token's fault, not the key set's or the network's. */
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
