import type { JSONWebKeySet } from 'jose';
import { createLocalJWKSet } from 'jose';
import type { AuthConfig } from '../config/config.ts';
import { parseSecrets } from '../config/jwt-secrets.ts';
import type { Logger } from '../telemetry/log.ts';
import { openAccess } from './access.ts';
import { type Verify, verifyByKeySet, verifyBySecrets, verifyByUrl } from './keys.ts';
import { type Gate, tokenGate } from './token-gate.ts';
import { WatchedFile } from './watched-file.ts';

/**
 * The gate that the settings ask for. Says in the log whether rooms are open.
 *
 * @param config - where keys are and what tokens must say; `open`: none are asked for
 * @throws StartError when a file of keys can't be used
 */
export function createGate(config: AuthConfig, log: Logger): Gate {
  const { keys } = config;
  if (keys.kind === 'none') {
    log.warn(
      'no tokens are asked for: whoever reaches this server may enter any room, and nobody moderates. ' +
        'AUTH_JWT_SECRET or AUTH_JWKS_URL changes that (docs/tokens.md)',
    );
    return async () => openAccess;
  }
  const { issuer, audience, clockSkew } = config;
  log.info(
    { keys: keys.kind, issuer, audience, clockSkewSeconds: clockSkew },
    'rooms ask for tokens',
  );
  return tokenGate(verifierOf(keys, log), config);
}

type Keys = Exclude<AuthConfig['keys'], { kind: 'none' }>;

function verifierOf(keys: Keys, log: Logger): Verify {
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

/** @throws Error unless it is RFC 7517's JWK Set with at least one key */
function parseKeySet(text: string): JSONWebKeySet {
  try {
    const keySet: JSONWebKeySet = JSON.parse(text);
    createLocalJWKSet(keySet);
    if (keySet.keys.length > 0) {
      return keySet;
    }
  } catch {
    // Not its message: JSON.parse quotes what it has read.
  }
  throw new Error('expected a JWK Set: { "keys": [ ... ] }, with at least one key');
}
